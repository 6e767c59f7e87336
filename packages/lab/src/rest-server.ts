import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { makeOwnedFolder } from "./owned-folder.ts";
import { waitUntil } from "./wait-until.ts";

export interface RestServer {
  /** As restic writes it: `rest:http://10.77.0.1:4711/`. Each path below it is a repository of its own. */
  readonly url: string;
  readonly address: { readonly host: string; readonly port: number };
  /** Where the repositories are on this machine's disk. */
  readonly folder: string;
  stop(): Promise<void>;
}

export interface RestServerOptions {
  /** The fleet's gateway makes it reachable for its hosts. */
  readonly address?: string;
  /** Whether what is there can be neither changed nor removed, locks excepted. */
  readonly appendOnly?: boolean;
}

const START_MS = 10_000;

/** Starts a REST server for restic repositories: Debian's rclone, without TLS. It dies with this process. */
export async function startRestServer({
  address = "127.0.0.1",
  appendOnly = false,
}: RestServerOptions = {}): Promise<RestServer> {
  const owned = await makeOwnedFolder("rest");
  const folder = join(owned.path, "repositories");
  await mkdir(folder);
  const port = await freePort(address);
  const options = ["--addr", `${address}:${port}`, "--config", join(owned.path, "rclone.conf")];
  const program = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      "rclone",
      "serve",
      "restic",
      ...options,
      ...(appendOnly ? ["--append-only"] : []),
      folder,
    ],
    { stdio: "ignore" },
  );
  const ended = once(program, "exit");
  const stop = async () => {
    program.kill("SIGKILL");
    await ended;
    await owned.remove();
  };

  try {
    await waitUntil(async () => (await fetch(`http://${address}:${port}/`)).status < 500, {
      what: `the REST server at ${address}:${port} (rclone of Debian) to answer`,
      deadlineMs: START_MS,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `rest:http://${address}:${port}/`, address: { host: address, port }, folder, stop };
}
