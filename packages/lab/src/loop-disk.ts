import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { runProgram } from "./run-program.ts";

/** A file that holds an ext4 file system, and where it is mounted. Takes only the space that is written to it. */
export interface LoopDisk {
  readonly image: string;
  readonly mountPoint: string;
}

/** Makes the file system and mounts it. At least 8 megabytes. Needs root. */
export async function makeLoopDisk(disk: LoopDisk, megabytes: number): Promise<void> {
  await runProgram("truncate", ["--size", `${megabytes}M`, disk.image]);
  await runProgram("mkfs.ext4", ["-q", "-m", "0", "-F", disk.image]); // -m 0: root, too, gets ENOSPC
  await attachLoopDisk(disk);
}

/** Mounts it where it is not mounted. The kernel gives the loop device back when it is unmounted. */
export async function attachLoopDisk({ image, mountPoint }: LoopDisk): Promise<void> {
  await mkdir(mountPoint, { recursive: true });
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const mounted = mounts.split("\n").some((line) => line.split(" ")[4] === mountPoint);
  if (!mounted && existsSync(image)) await runProgram("mount", ["-o", "loop", image, mountPoint]);
}
