import { type ChildProcess, spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { busyboxLayer } from "../forge/busybox.ts";
import { forgeImage } from "../forge/forge-image.ts";
import { loadImages } from "../forge/load-images.ts";
import { runContainer } from "../forge/run-container.ts";
import { waitUntil } from "../wait-until.ts";
import { type FleetState, readFleetStates } from "./fleet-state.ts";
import type { LabHost } from "./lab-host.ts";
import { type Belongings, findLeftovers, takeBelongings } from "./leftovers.ts";
import { type Fleet, type FleetOptions, startFleet } from "./start-fleet.ts";

const OWNER = fileURLToPath(new URL("fixtures/own-a-fleet.ts", import.meta.url));
const GONE = { deadlineMs: 15_000, what: "the fleet to be gone" };

const started: Fleet[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((fleet) => fleet.stop()));
});

async function start(options: FleetOptions): Promise<Fleet> {
  const fleet = await startFleet(options);
  started.push(fleet);
  return fleet;
}

test("three hosts come up with their own names, addresses and engines, and leave nothing behind", async () => {
  const fleet = await start({ hosts: ["web-1", "web-2", "db-1"] });
  const names = await Promise.all(fleet.hosts.map(async (host) => (await host.engine.info()).Name));
  const [web1, web2] = fleet.hosts as [LabHost, LabHost];
  await loadImages(web1, [forgeImage({ tags: ["busy:1"], layers: [busyboxLayer()] })]);
  await runContainer(web1, { image: "busy:1" });
  await runContainer(web1, { image: "busy:1", behaves: { kind: "paused" } });
  const belongings = takeBelongings(await stateOf(fleet.subnet));

  await fleet.stop();

  expect(names).toEqual(["web-1", "web-2", "db-1"]);
  expect(web2.address).toBe(`${fleet.subnet.slice(0, -"0/24".length)}12`);
  expect(belongings.processes.length).toBeGreaterThan(8); // 3 dockerd, 3 containerd, 2 shims, 2 containers
  expect(belongings.cgroups.length).toBeGreaterThan(8);
  expect(belongings.shimSockets.length).toBe(2);
  expect(await findLeftovers(belongings)).toEqual([]);
});

test("a program started inside has the host's name and reaches its neighbours, also while the engine is down", async () => {
  const fleet = await start({ hosts: 2 });
  const [web1, web2] = fleet.hosts as [LabHost, LabHost];
  const server = web2.spawnInside("busybox", ["nc", "-l", "-p", "7000", "-e", "hostname"]);
  await web1.kill9();

  expect(await printed(web1.spawnInside("hostname"))).toBe("web-1\n");
  await waitUntil(async () => (await printed(connect(web1, web2.address))) === "web-2\n", {
    what: "web-2 to answer web-1",
    deadlineMs: 5000,
  });
  server.kill();
});

test("a cut host is unreachable until it is healed", async () => {
  const fleet = await start({ hosts: 2 });
  const [web1, web2] = fleet.hosts as [LabHost, LabHost];
  const server = web2.spawnInside("busybox", ["nc", "-ll", "-p", "7000", "-e", "hostname"]);
  const reached = async () => (await printed(connect(web1, web2.address))) === "web-2\n";
  await waitUntil(reached, { what: "web-2 to answer", deadlineMs: 5000 });

  await web2.cut();
  const whileCut = await reached();
  await web2.heal();

  expect(whileCut).toBe(false);
  await waitUntil(reached, { what: "web-2 to answer again", deadlineMs: 10_000 });
  server.kill();
});

test("a frozen engine accepts and does not answer; a thawed one does", async () => {
  const fleet = await start({ hosts: 1 });
  const [host] = fleet.hosts as [LabHost];

  await host.freeze();
  const frozen = waitUntil(() => host.engine.ping().then(() => true), { what: "an answer", deadlineMs: 300 });

  await expect(frozen).rejects.toThrow("an answer took longer than 300 ms");
  host.thaw();
  await host.engine.ping();
});

test("what the engine held outlives a crash, a restart and a power cut", async () => {
  const fleet = await start({ hosts: 1 });
  const [host] = fleet.hosts as [LabHost];
  await loadImages(host, [forgeImage({ tags: ["busy:1"], layers: [busyboxLayer()] })]);
  const container = await runContainer(host, { image: "busy:1", restart: "always" });
  const firstPid = host.pid;

  await host.kill9();
  expect(host.pid).toBeUndefined();
  await expect(host.engine.ping()).rejects.toThrow(/ECONNREFUSED/);
  await host.restart();
  expect(host.pid).not.toBe(firstPid);
  await waitUntil(async () => (await container.state()) === "running", { what: "a start", deadlineMs: 5000 });

  await host.powerOff();
  await host.restart();
  await waitUntil(async () => (await container.state()) === "running", { what: "a start", deadlineMs: 5000 });
});

test("when a signal ends an owner, its watchdog removes its fleet; another's fleet stays", async () => {
  const [mine, killed, interrupted] = await Promise.all([start({ hosts: 1 }), startOwner(), startOwner()]);

  killed.process.kill("SIGKILL");
  interrupted.process.kill("SIGINT");

  for (const { belongings } of [killed, interrupted]) {
    expect(belongings.processes.length).toBeGreaterThan(6);
    await waitUntil(async () => (await findLeftovers(belongings)).length === 0, GONE);
  }
  await mine.hosts[0]?.engine.ping();
});

test("when owner and watchdog are both killed, the next start removes their fleet", async () => {
  const owner = await startOwner();
  process.kill(watchdogOf(owner.belongings.state), "SIGKILL");
  owner.process.kill("SIGKILL");
  await waitUntil(() => owner.process.signalCode !== null, { what: "the owner's end", deadlineMs: 5000 });
  const abandoned = await findLeftovers(owner.belongings);

  await start({ hosts: 1 });

  expect(abandoned.length).toBeGreaterThan(10);
  const left = await findLeftovers(owner.belongings);
  // The new fleet may have the same subnet: then its own names are there again.
  expect(left.filter((thing) => thing.startsWith("process"))).toEqual([]);
  expect(left.filter((thing) => thing.includes("owned"))).toEqual([]);
});

interface Owner {
  process: ChildProcess;
  belongings: Belongings;
}

/** Another process that holds a fleet of one host with two containers. */
async function startOwner(): Promise<Owner> {
  const owner = spawn(process.execPath, [OWNER], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  owner.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await waitUntil(() => said.endsWith("\n"), { what: "the other owner's fleet", deadlineMs: 20_000 });
  const { subnet } = JSON.parse(said) as { subnet: string };
  return { process: owner, belongings: takeBelongings(await stateOf(subnet)) };
}

async function stateOf(subnet: string): Promise<FleetState> {
  const found = (await readFleetStates()).find((state) => `10.77.${state.subnet}.0/24` === subnet);
  if (found === undefined) throw new Error(`no fleet has ${subnet}`);
  return found;
}

function watchdogOf({ id }: FleetState): number {
  const path = globSync("/proc/[0-9]*/cmdline").find((file) => commandLine(file).endsWith(`\0${id}\0`));
  if (path === undefined) throw new Error("the fleet has no watchdog");
  return Number(path.split("/")[2]);
}

function commandLine(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // it ended since
  }
}

function connect(from: LabHost, address: string): ChildProcess {
  return from.spawnInside("busybox", ["nc", "-w", "1", address, "7000"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function printed(child: ChildProcess): Promise<string> {
  return text(child.stdout!);
}
