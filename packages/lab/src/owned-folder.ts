import { mkdtemp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "@shipkeeper/kit";
import { processStartTicks } from "./fleet/processes.ts";
import { unmountBelow } from "./fleet/tear-down.ts";

const PARENT = "/var/lib/shipkeeper-lab";
const NAME = /^(?<kind>[a-z]+)-(?<pid>\d+)-(?<startTicks>\d+)-\w+$/;

export interface OwnedFolder {
  readonly path: string;
  /** Unmounts and deletes what is in it, and the folder. */
  remove(): Promise<void>;
}

/** A new folder whose name says which process it belongs to. First removes those whose owners are dead. */
export async function makeOwnedFolder(kind: string): Promise<OwnedFolder> {
  const startTicks = processStartTicks(process.pid);
  assert(startTicks !== undefined, "this process is in /proc");
  await sweepOwnedFolders();
  const path = await mkdtemp(join(PARENT, `${kind}-${process.pid}-${startTicks}-`));
  return { path, remove: () => removeFolder(path) };
}

/** Removes the folders of processes that ended without doing so. */
export async function sweepOwnedFolders(): Promise<void> {
  await mkdir(PARENT, { recursive: true });
  for (const name of await readdir(PARENT)) {
    const owner = NAME.exec(name)?.groups;
    if (owner === undefined || processStartTicks(Number(owner["pid"])) === Number(owner["startTicks"]))
      continue;
    await removeFolder(join(PARENT, name));
  }
}

async function removeFolder(path: string): Promise<void> {
  await unmountBelow(path);
  await rm(path, { recursive: true, force: true });
}
