import { open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { makeLoopDisk } from "../loop-disk.ts";
import { makeOwnedFolder } from "../owned-folder.ts";

export interface SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** Free for everybody, in bytes. */
  freeBytes(): Promise<number>;
  /** Takes all space but so many bytes (default 0): writing more fails with ENOSPC. */
  fill(leaveBytes?: number): Promise<void>;
  /** Gives back what `fill` took. */
  drain(): Promise<void>;
  /** Unmounts and deletes it. */
  stop(): Promise<void>;
}

const MEBIBYTE = 2 ** 20;
const ZEROS = Buffer.alloc(MEBIBYTE);

/** A real file system of its own in a file: ext4 of so many megabytes, at least 8. Needs root. */
export async function smallDisk({ megabytes }: { megabytes: number }): Promise<SmallDisk> {
  const folder = await makeOwnedFolder("disk");
  const image = join(folder.path, "image");
  const path = join(folder.path, "mounted");
  const filler = join(path, "filler");

  await makeLoopDisk({ image, mountPoint: path }, megabytes);

  const freeBytes = async () => {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  };

  return {
    path,
    freeBytes,
    async fill(leaveBytes = 0) {
      const file = await open(filler, "a");
      try {
        for (let left = await freeBytes(); left > leaveBytes; left = await freeBytes()) {
          await file.write(ZEROS, 0, Math.min(ZEROS.length, left - leaveBytes));
          await file.sync(); // space is counted when it is allocated, and that is put off until then
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error; // the last block went to the bookkeeping
      } finally {
        await file.close();
      }
    },
    drain: () => rm(filler, { force: true }),
    stop: () => folder.remove(),
  };
}
