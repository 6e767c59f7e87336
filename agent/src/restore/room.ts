/** Whether a disk has the room for a restore. A full one would stop every container on the host, so it is asked before. */
import { statfs } from "node:fs/promises";
import { formatBytes } from "@shipkeeper/kit";
import type { ContentSize } from "@shipkeeper/restic";
import { RestoreRefused } from "./refused.ts";

export interface Room {
  readonly freeBytes: number;
  /** What a file takes at least, and by what its size is rounded up. */
  readonly blockBytes: number;
  /** How many more files there can be; undefined where the file system has no bound. */
  readonly freeFiles?: number | undefined;
}

export async function roomIn(path: string): Promise<Room> {
  const { bsize, bavail, files, ffree } = await statfs(path);
  return { freeBytes: bsize * bavail, blockBytes: bsize, freeFiles: files > 0 ? ffree : undefined };
}

/**
 * Throws `RestoreRefused` where the content does not fit as often as it will lie there at once. Holes count as what was
 * written in their place, as restic writes all of it before a hole is made, and a small file as a whole block.
 */
export function refuseFullDisk(
  { bytes, files }: ContentSize,
  times: number,
  room: Room,
  folder: string,
): void {
  const needed = times * (bytes + files * room.blockBytes);
  if (needed > room.freeBytes) {
    const why = times === 1 ? "" : ` (${times} times its size, as no holes can be dug on this disk)`;
    throw new RestoreRefused(
      `the restore point holds ${formatBytes(bytes)} in ${files} files and needs ${formatBytes(needed)}${why}, ` +
        `and ${folder} has ${formatBytes(room.freeBytes)} left: make room there`,
    );
  }
  const { freeFiles = Infinity } = room;
  if (times * files <= freeFiles) return;
  throw new RestoreRefused(
    `the restore point holds ${files} files, and the file system of ${folder} has room for ${freeFiles} more`,
  );
}
