import { expect, test } from "vitest";
import { refuseFullDisk, type Room } from "./room.ts";

const MIB = 2 ** 20;
const room = (some: Partial<Room>): Room => ({ freeBytes: 100 * MIB, blockBytes: 4096, ...some });
const refusing = (bytes: number, files: number, times: number, some: Partial<Room> = {}) =>
  expect(() => refuseFullDisk({ bytes, files }, times, room(some), "/disk"));

test("what is written at once must fit, small files as whole blocks, twice where it is copied", () => {
  refusing(99 * MIB, 256, 1).not.toThrow();
  refusing(99 * MIB, 257, 1).toThrow(/in 257 files and needs .*and \/disk has .* left: make room there/);
  refusing(50 * MIB, 0, 2).not.toThrow();
  refusing(50 * MIB, 1, 2).toThrow("2 times its size, as no holes can be dug");
});

test("a file system that runs out of inodes refuses, one without a bound does not", () => {
  refusing(0, 101, 1, { freeFiles: 100 }).toThrow(
    "holds 101 files, and the file system of /disk has room for 100",
  );
  refusing(0, 51, 2, { freeFiles: 100 }).toThrow("holds 51 files");
  refusing(0, 100, 1, { freeFiles: 100 }).not.toThrow();
  refusing(0, 10_000, 1).not.toThrow();
});
