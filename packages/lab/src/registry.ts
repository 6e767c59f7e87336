import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type ForgedImage, imageArchive } from "./forge/forge-image.ts";
import { makeOwnedFolder } from "./owned-folder.ts";
import { runProgram } from "./run-program.ts";
import { waitUntil } from "./wait-until.ts";

export interface Registry {
  /** `address:port`: what the names of its images begin with. */
  readonly address: string;
  /** Stores an image as `repository:tag`, and returns the digest that the registry gave it. */
  push(image: ForgedImage, name: string): Promise<string>;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** The fleet's gateway makes it reachable for its engines, who accept it without TLS. */
  address?: string;
  /** 0 takes a free one. */
  port?: number;
}

const START_MS = 10_000;

/** Starts Debian's docker-registry, without TLS or users, with deletion allowed. It dies with this process. */
export async function startRegistry({
  address = "127.0.0.1",
  port = 0,
}: RegistryOptions = {}): Promise<Registry> {
  const folder = await makeOwnedFolder("registry");
  const listen = `${address}:${port === 0 ? await freePort(address) : port}`;
  const config = join(folder.path, "config.yml");
  await writeFile(config, configuration({ listen, storage: join(folder.path, "data") }));

  const program = spawn("setpriv", ["--pdeathsig", "KILL", "docker-registry", "serve", config], {
    stdio: "ignore",
  });
  const ended = once(program, "exit");
  const stop = async () => {
    program.kill("SIGKILL");
    await ended;
    await folder.remove();
  };

  try {
    await waitUntil(async () => (await fetch(`http://${listen}/v2/`)).ok, {
      what: `the registry at ${listen} (docker-registry of Debian) to answer`,
      deadlineMs: START_MS,
    });
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    address: listen,
    async push(image, name) {
      const archive = join(folder.path, `${image.id.slice("sha256:".length)}.tar`);
      await writeFile(archive, imageArchive([image]));
      const options = ["--insecure-policy", "--dest-tls-verify=false"];
      await runProgram("skopeo", [
        "copy",
        ...options,
        `docker-archive:${archive}`,
        `docker://${listen}/${name}`,
      ]);
      return digestOf(listen, name);
    },
    stop,
  };
}

async function digestOf(registry: string, name: string): Promise<string> {
  const [repository, tag] = name.split(":");
  const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
  });
  const digest = answer.headers.get("docker-content-digest");
  if (digest === null) throw new Error(`the registry has no ${name} (status ${answer.status})`);
  return digest;
}

function configuration({ listen, storage }: { listen: string; storage: string }): string {
  const config = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: { addr: listen },
  };
  return JSON.stringify(config); // which is YAML, too
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
