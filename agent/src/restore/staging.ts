/**
 * A folder beside its target, in which content is made whole. One that an interruption left is found again by what was
 * to be restored whereto, so that the next try goes on from it; after a day nobody is expected to.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { access, constants, lstat, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DAY_MS } from "@shipkeeper/kit";
import { AlreadyRunning, takeLock } from "@shipkeeper/runtime";
import { copyWithHoles } from "./holes.ts";
import { RestoreRefused } from "./refused.ts";

const PREFIX = "shipkeeper-restore-";

export interface Staging {
  readonly folder: string;
  /** Whether an earlier try that was interrupted had read everything. */
  readonly isComplete: boolean;
  markComplete(): Promise<void>;
}

export interface StagingOptions {
  /** An existing folder, on the same file system as the target. */
  readonly parent: string;
  /** What is restored whereto: the same again goes on from what is there. */
  readonly key: string;
  /** Instead of a name that follows from the key. */
  readonly name?: string | undefined;
  /** Where it is aborted the folder stays. */
  readonly signal: AbortSignal;
}

/** Gives `work` a folder that only root can enter, and removes it afterwards unless it was interrupted. */
export async function withStaging<T>(
  { parent, key, name = hashOf(key), signal }: StagingOptions,
  work: (staging: Staging) => Promise<T>,
): Promise<T> {
  await refuseReadOnly(parent);
  await removeAbandoned(parent);
  const folder = await makeStaging(parent, name);
  const lock = lockOf(folder);
  const mark = join(folder, "complete");
  try {
    const staging = { folder, isComplete: existsSync(mark), markComplete: () => writeFile(mark, "") };
    const result = await work(staging);
    await remove(folder);
    return result;
  } catch (error) {
    if (!signal.aborted) await remove(folder);
    throw error;
  } finally {
    lock.release();
  }
}

/** A folder of that name that only root can enter, as it is or new; for who has to find it again (`removeStaging`). */
export async function makeStaging(parent: string, name: string): Promise<string> {
  const folder = stagingFolder(parent, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export const stagingFolder = (parent: string, name: string): string => join(parent, PREFIX + name);

/** A service may see a disk read-only that everybody else can write. */
async function refuseReadOnly(parent: string): Promise<void> {
  try {
    await access(parent, constants.W_OK);
  } catch (error) {
    throw new RestoreRefused(
      `${parent} cannot be written by this program; the agent's unit must name it in ReadWritePaths (docs/operating.md)`,
      { cause: error },
    );
  }
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 16);
}

/** What an interruption left of a folder that was given a name, and that nobody shall go on from. */
export function removeStaging(parent: string, name: string): Promise<void> {
  return remove(stagingFolder(parent, name));
}

function lockOf(folder: string) {
  try {
    return takeLock(join(folder, "lock"));
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    throw new RestoreRefused("the same restore is under way already", { cause: error });
  }
}

/** What was interrupted and not taken up again within a day. One that is under way keeps its lock. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    if (!name.startsWith(PREFIX) || Date.now() - (await stat(folder)).mtimeMs < DAY_MS) continue;
    try {
      takeLock(join(folder, "lock")).release();
    } catch {
      continue;
    }
    await remove(folder);
  }
}

const remove = (folder: string) => rm(folder, { recursive: true, force: true });

/** Moves content to a place where nothing is, or an empty folder, and with it owner, mode and times of its root. */
export async function moveInto(content: string, place: string): Promise<void> {
  try {
    await rename(content, place);
  } catch (error) {
    if (!isOtherFileSystem(error)) throw error;
    await mkdir(dirname(place), { recursive: true });
    await copyWithHoles(content, place);
  }
}

function isOtherFileSystem(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "EXDEV";
}

/** Whether something is there, be it a link that leads nowhere. */
export function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
