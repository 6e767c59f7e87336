import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mountsBelow } from "../fleet/tear-down.ts";
import { smallDisk } from "./small-disk.ts";

test("a full disk refuses to be written, a drained one does not, and nothing of it stays", async () => {
  const disk = await smallDisk({ megabytes: 16 });
  const write = (bytes: number) => writeFile(join(disk.path, "data"), Buffer.alloc(bytes), { flush: true });
  try {
    expect(await disk.freeBytes()).toBeGreaterThan(8 * 2 ** 20);

    const leaveBytes = 2 ** 20;
    await disk.fill(leaveBytes);
    await write(500_000);
    await disk.fill();
    await expect(write(1_000_000)).rejects.toThrow(/ENOSPC/);

    await disk.drain();
    await write(1_000_000);
  } finally {
    await disk.stop();
  }

  expect(await mountsBelow(join(disk.path, ".."))).toEqual([]);
  expect(existsSync(disk.path)).toBe(false);
});
