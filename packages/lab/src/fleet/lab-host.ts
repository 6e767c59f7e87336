import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import Docker from "dockerode";
import { assert } from "@shipkeeper/kit";
import { type LoopDisk, attachLoopDisk, makeLoopDisk } from "../loop-disk.ts";
import { runProgram } from "../run-program.ts";
import { waitUntil } from "../wait-until.ts";
import type { HostState } from "./fleet-state.ts";
import { setCable } from "./network.ts";
import { processStartTicks, standsStill } from "./processes.ts";
import { killHosts, unmountBelow } from "./tear-down.ts";

const START_MS = 30_000;
const STOP_MS = 30_000;
/** The longest path that fits into a unix socket's address. */
const SOCKET_PATH_LIMIT = 107;

/** A connection that is kept breaks when the engine goes down, and the next request with it. dockerode's types lack the option. */
const UNKEPT_CONNECTIONS = { agent: new Agent({ keepAlive: false }) };

/** A host of the lab: a network namespace, a hostname, and an engine with its own images, containers and volumes. */
export class LabHost {
  readonly name: string;
  /** Of the host in the fleet's network. */
  readonly address: string;
  /** Name of the network namespace under /run/netns. */
  readonly netns: string;
  readonly socketPath: string;
  /** Where the engine keeps images, containers and volumes. */
  readonly dataRoot: string;
  /** What the engine prints. */
  readonly logPath: string;
  /** Asks this host's engine. */
  readonly engine: Docker;

  readonly #state: HostState;
  #dockerd: ChildProcess | undefined;

  private constructor(state: HostState) {
    this.name = state.name;
    this.address = state.address;
    this.netns = state.netns;
    this.socketPath = join(state.folder, "docker.sock");
    this.dataRoot = join(state.folder, "data");
    this.logPath = join(state.folder, "log");
    this.engine = new Docker({ ...UNKEPT_CONNECTIONS, socketPath: this.socketPath });
    this.#state = state;
  }

  /** Starts it on a disk of its own of so many megabytes; on the machine's disk where none is given. */
  static async start(state: HostState, diskMegabytes?: number): Promise<LabHost> {
    const longest = join(state.folder, "exec/containerd/containerd.sock.ttrpc");
    assert(longest.length <= SOCKET_PATH_LIMIT, `${longest} is too long for a unix socket`);
    const host = new LabHost(state);
    await mkdir(state.folder, { recursive: true });
    await host.#giveName();
    if (diskMegabytes !== undefined) await makeLoopDisk(host.#disk, diskMegabytes);
    await host.#startEngine();
    return host;
  }

  /** Of the engine; undefined while it is down. */
  get pid(): number | undefined {
    return this.#dockerd?.pid;
  }

  /** Starts a program inside the host: it has the host's name, address and network, and this machine's files. */
  spawnInside(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    const namespaces = [`--net=/run/netns/${this.netns}`, `--uts=${this.#utsPath}`];
    return spawn("nsenter", [...namespaces, "--", command, ...args], options); // nsenter becomes the program
  }

  /** Crashes the engine alone. Its containers run on, as they do on a real host, until an engine starts again. */
  async kill9(): Promise<void> {
    if (this.#dockerd === undefined) return;
    await this.#endEngine("SIGKILL");
    await this.#forgetContainerd();
  }

  /** Ends everything on the host at once: engine, containers, agents. */
  async powerOff(): Promise<void> {
    await killHosts([this.#state]);
    await this.#endEngine("SIGKILL"); // dead already: this waits until node has noticed, too
    await unmountBelow(this.#state.folder, { except: this.#utsPath });
    await rm(this.#execRoot, { recursive: true, force: true }); // in memory on a real host, like all below /run
  }

  /** Stops the engine in an orderly way if it runs, and starts it again. Resolves when it answers. */
  async restart(): Promise<void> {
    await this.stopEngine();
    await this.#startEngine();
  }

  /** Stops the engine and its containers, as `systemctl stop docker` does. */
  async stopEngine(): Promise<void> {
    await this.#endEngine("SIGTERM");
  }

  /** An engine that accepts connections and never answers. Resolves when it stands still. */
  async freeze(): Promise<void> {
    const dockerd = this.#dockerd;
    assert(dockerd?.pid !== undefined, `the engine of ${this.name} is down`);
    dockerd.kill("SIGSTOP");
    const { pid } = dockerd;
    await waitUntil(() => standsStill(pid), { what: `${this.name} to freeze`, deadlineMs: 5000, everyMs: 1 });
  }

  thaw(): void {
    this.#dockerd?.kill("SIGCONT");
  }

  /** Pulls the host's network cable. The engine's socket still works. */
  async cut(): Promise<void> {
    await setCable(this.#state, "down");
  }

  async heal(): Promise<void> {
    await setCable(this.#state, "up");
  }

  /**
   * containerd dies with the dockerd that started it. Until the machine's first process has noticed, it is a zombie, which the next
   * dockerd would take for a living one and wait for: so its number must not be found.
   */
  async #forgetContainerd(): Promise<void> {
    const pidFile = join(this.#execRoot, "containerd/containerd.pid");
    const pid = Number(await readFile(pidFile, "utf8"));
    await waitUntil(() => processStartTicks(pid) === undefined, {
      what: `the end of containerd on ${this.name}`,
      deadlineMs: STOP_MS,
    });
    await rm(pidFile);
  }

  get #execRoot(): string {
    return join(this.#state.folder, "exec");
  }

  get #utsPath(): string {
    return join(this.#state.folder, "uts");
  }

  get #disk(): LoopDisk {
    return { image: join(this.#state.folder, "disk"), mountPoint: this.dataRoot };
  }

  /** A namespace bound to a file outlives the engine, so that the host keeps its name while the engine is down. */
  async #giveName(): Promise<void> {
    await (await open(this.#utsPath, "w")).close();
    await runProgram("unshare", [`--uts=${this.#utsPath}`, "hostname", this.name]);
  }

  async #startEngine(): Promise<void> {
    assert(this.#dockerd === undefined, `the engine of ${this.name} runs already`);
    const { folder } = this.#state;
    await attachLoopDisk(this.#disk); // a host that lost its power lost its mounts
    await rm(join(folder, "pid"), { force: true }); // a number from before a crash may be somebody else's now
    const log = await open(this.logPath, "a");
    const args = [
      ["--data-root", this.dataRoot],
      ["--exec-root", this.#execRoot],
      ["--pidfile", join(folder, "pid")],
      ["--host", `unix://${this.socketPath}`],
      ["--insecure-registry", "10.77.0.0/16"],
    ].flat();
    const stdio = ["ignore", log.fd, log.fd] as const;
    const dockerd = this.spawnInside("dockerd", args, {
      detached: true, // Ctrl-C is for the owner
      stdio: [...stdio],
      cwd: "/",
      env: { ...process.env, TMPDIR: folder }, // where containerd leaves its stacks when it did not answer in time
    });
    await log.close();
    dockerd.unref();
    dockerd.once("exit", () => (this.#dockerd = undefined));
    this.#dockerd = dockerd;
    await this.#answering(dockerd);
  }

  async #answering(dockerd: ChildProcess): Promise<void> {
    try {
      await waitUntil(() => hasEnded(dockerd) || this.engine.ping().then(() => true), {
        what: `the engine of ${this.name} to answer`,
        deadlineMs: START_MS,
      });
      if (hasEnded(dockerd)) throw new Error("it ended");
    } catch (cause) {
      const tail = (await readFile(this.logPath, "utf8")).split("\n").slice(-15).join("\n");
      throw new Error(`the engine of ${this.name} did not start; its log ends:\n${tail}`, { cause });
    }
  }

  async #endEngine(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const dockerd = this.#dockerd;
    if (dockerd === undefined) return;
    dockerd.ref();
    dockerd.kill(signal);
    dockerd.kill("SIGCONT"); // a frozen engine heeds nothing but SIGKILL
    await waitUntil(() => hasEnded(dockerd), {
      what: `the end of the engine of ${this.name}`,
      deadlineMs: STOP_MS,
    });
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
