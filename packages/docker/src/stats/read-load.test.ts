import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readLoad } from "./read-load.ts";

function procWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "load-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "proc/pressure"), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, "proc", name), content);
  return root;
}

test("load, memory and pressure are shares of what the host has", () => {
  const root = procWith({
    loadavg: "3.00 2.00 1.00 2/345 6789\n",
    meminfo: "MemTotal:        8000000 kB\nMemFree:  100 kB\nMemAvailable:    2000000 kB\n",
    "pressure/memory":
      "some avg10=50.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=12.50 avg60=0.00 avg300=0.00 total=1\n",
  });

  const { diskFree, ...load } = readLoad({ root, processors: 2, disk: root });

  expect(load).toEqual({ loadPerCpu: 1.5, memoryAvailable: 0.25, memoryStalled: 0.125 });
  expect(diskFree).toBeGreaterThan(0);
  expect(diskFree).toBeLessThanOrEqual(1);
});

test("a host that tells nothing has no load, and not none", () => {
  expect(readLoad({ root: procWith({}), disk: "/nonexistent" })).toEqual({});
});
