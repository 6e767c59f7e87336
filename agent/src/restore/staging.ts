/** A folder on the engine's disk in which a volume's content is made whole, and how it is copied. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const PREFIX = "shipkeeper-restore-";

/** Gives `work` a folder that only root can enter, and removes it afterwards whatever happened. */
export async function withStaging<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  await removeAbandoned(parent);
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await remove(folder);
  }
}

/** A restore that was killed could not clean up after itself; its process id is in the folder's name. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await remove(join(parent, name));
  }
}

const remove = (folder: string) => rm(folder, { recursive: true, force: true });

/**
 * Copies a folder with owners, modes, times, links and extended attributes, and with holes where there are only zeros:
 * restic before 0.15 writes them out. Returns the copy.
 */
export async function copyWithHoles(from: string, to: string, signal?: AbortSignal): Promise<string> {
  const args = ["--archive", "--sparse=always", "--no-target-directory", "--", from, to];
  await promisify(execFile)("cp", args, { ...(signal && { signal }) });
  return to;
}

export function isOtherFileSystem(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "EXDEV";
}

export async function freeBytesOf(path: string): Promise<number> {
  const { bsize, bavail } = await statfs(path);
  return bsize * bavail;
}
