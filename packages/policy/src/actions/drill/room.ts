import type { Disk } from "@shipkeeper/model";

/** A restore is made whole in one place and, by an old restic, copied to have its holes back. */
const ROOM_FACTOR = 2;
/** Of the disk, what a drill leaves to everybody else. */
const ROOM_LEFT = 0.1;

export interface MissingRoom {
  readonly needBytes: number;
  readonly freeBytes: number;
}

/** What a drill of so much data lacks on the engine's disk; undefined where there is room enough. */
export function missingRoom(bytes: number, { freeBytes, totalBytes }: Disk): MissingRoom | undefined {
  const needBytes = bytes * ROOM_FACTOR;
  const spareBytes = Math.max(0, Math.floor(freeBytes - totalBytes * ROOM_LEFT));
  return needBytes <= spareBytes ? undefined : { needBytes, freeBytes: spareBytes };
}
