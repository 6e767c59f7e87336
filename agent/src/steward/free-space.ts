import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { promisify } from "node:util";
import { readDisk } from "@shipkeeper/docker";
import type { Disk } from "@shipkeeper/model";

const SYNC_DEADLINE_MS = 30_000;

/** The file system under a path, with what was deleted but not yet written counted as free. */
export async function readSettledDisk(path: string): Promise<Disk> {
  // Some file systems give space back only when their journal is written. Without it the figure is late, not wrong.
  await promisify(execFile)("sync", ["-f", path], { timeout: SYNC_DEADLINE_MS }).catch(() => undefined);
  return readDisk(path);
}

/** Free bytes of the file system under a path, also those that are kept for its root. */
export async function readFreeBytes(path: string): Promise<number> {
  await readSettledDisk(path);
  const { bsize, bfree } = await statfs(path);
  return bsize * bfree;
}
