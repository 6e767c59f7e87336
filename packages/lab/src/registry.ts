import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type ForgedImage, imageArchive } from "./forge/forge-image.ts";
import { freePort } from "./free-port.ts";
import { makeOwnedFolder } from "./owned-folder.ts";
import { runProgram } from "./run-program.ts";
import { waitUntil } from "./wait-until.ts";

export interface Registry {
  /** `address:port`: what the names of its images begin with. */
  readonly address: string;
  /** Stores an image as `repository:tag`, and returns the digest that the registry gave it. */
  push(image: ForgedImage, name: string): Promise<string>;
  /** Runs the registry's own garbage collection, as an operator would, and returns how many bytes it freed. */
  collectGarbage(): Promise<number>;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** The fleet's gateway makes it reachable for its engines, who accept it without TLS. */
  address?: string;
  /** 0 takes a free one. */
  port?: number;
  /** Whether manifests may be deleted; they may unless it says no. */
  deletion?: boolean;
  /** Whether only `REGISTRY_USER` may ask. */
  users?: boolean;
}

export const REGISTRY_USER = { username: "cleaner", password: "lab-secret" } as const;
/** Of the password above, by bcrypt with the least work: the one kind that the registry takes. */
const HTPASSWD = "cleaner:$2b$05$B8C2ybtf3chc9/9mgqTGl.Khw4poEKPEjzg1ALo7mHdLNAh3csISq\n";

const START_MS = 10_000;

/** Starts Debian's docker-registry, without TLS. It dies with this process. */
export async function startRegistry({
  address = "127.0.0.1",
  port = 0,
  deletion = true,
  users = false,
}: RegistryOptions = {}): Promise<Registry> {
  const folder = await makeOwnedFolder("registry");
  const listen = `${address}:${port === 0 ? await freePort(address) : port}`;
  const config = join(folder.path, "config.yml");
  const htpasswd = join(folder.path, "htpasswd");
  await writeFile(htpasswd, HTPASSWD);
  const storage = join(folder.path, "data");
  await writeFile(config, configuration({ listen, storage, deletion, ...(users && { htpasswd }) }));

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
    await waitUntil(async () => (await fetch(`http://${listen}/v2/`)).status < 500, {
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
      const { username, password } = REGISTRY_USER;
      const credentials = users ? [`--dest-creds=${username}:${password}`] : [];
      const options = ["--insecure-policy", "--dest-tls-verify=false", ...credentials];
      await runProgram("skopeo", [
        "copy",
        ...options,
        `docker-archive:${archive}`,
        `docker://${listen}/${name}`,
      ]);
      return digestOf(listen, name, users ? authorization() : {});
    },
    async collectGarbage() {
      const before = await sizeOf(storage);
      await runProgram("docker-registry", ["garbage-collect", config]);
      return before - (await sizeOf(storage));
    },
    stop,
  };
}

/** Bytes of all blobs: what else lies in the folder are links of a few bytes. */
async function sizeOf(storage: string): Promise<number> {
  const names = await readdir(join(storage, "docker/registry/v2/blobs"), { recursive: true });
  const files = names.filter((name) => basename(name) === "data");
  const sizes = await Promise.all(
    files.map(async (name) => (await stat(join(storage, "docker/registry/v2/blobs", name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function authorization(): Record<string, string> {
  const { username, password } = REGISTRY_USER;
  return { authorization: `Basic ${btoa(`${username}:${password}`)}` };
}

async function digestOf(registry: string, name: string, headers: Record<string, string>): Promise<string> {
  const [repository, tag] = name.split(":");
  const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept: "application/vnd.docker.distribution.manifest.v2+json", ...headers },
  });
  const digest = answer.headers.get("docker-content-digest");
  if (digest === null) throw new Error(`the registry has no ${name} (status ${answer.status})`);
  return digest;
}

function configuration({
  listen,
  storage,
  deletion,
  htpasswd,
}: {
  listen: string;
  storage: string;
  deletion: boolean;
  htpasswd?: string;
}): string {
  const config = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: deletion } },
    http: { addr: listen },
    ...(htpasswd !== undefined && { auth: { htpasswd: { realm: "lab", path: htpasswd } } }),
  };
  return JSON.stringify(config); // which is YAML, too
}
