import { statfs } from "node:fs/promises";
import type { Disk } from "@shipkeeper/model";

/** The file system that holds a path. Free is what an ordinary user may still write. */
export async function readDisk(path: string): Promise<Disk> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return {
    path,
    totalBytes: bsize * blocks,
    freeBytes: bsize * bavail,
    // Some file systems (btrfs) make inodes as they need them, and say 0 of 0.
    totalInodes: files,
    freeInodes: ffree,
  };
}
