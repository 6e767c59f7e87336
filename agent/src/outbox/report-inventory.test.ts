import type { Inventory } from "@shipkeeper/model";
import { afterEach, expect, test, vi } from "vitest";
import { reportInventory } from "./report-inventory.ts";
import { emptyInventory } from "./testing/entries.ts";

const RESYNC_MS = 300_000;

afterEach(() => void vi.useRealTimers());

/** A report whose time is moved by hand, and the host names and times of what it queued. */
function startReport({ broken = false } = {}) {
  vi.useFakeTimers({ now: 0 });
  const queued: [hostname: string, at: number][] = [];
  const errors: unknown[] = [];
  const report = reportInventory({
    outbox: {
      append(entry) {
        if (broken) throw new Error("disk full");
        if (entry.kind === "inventory") queued.push([entry.inventory.host.hostname, Date.now()]);
        return queued.length;
      },
    },
    clock: Date.now,
    resyncMs: RESYNC_MS,
    failed: (error) => errors.push(error),
  });
  return { report, queued, errors };
}

test("the first look is told at once, an unchanged one not again until the resync", () => {
  const { report, queued } = startReport();
  for (const at of [0, 10_000, 60_000, RESYNC_MS]) {
    vi.setSystemTime(at);
    report.look({ ...emptyInventory("a"), takenAt: at });
  }

  expect(queued).toEqual([
    ["a", 0],
    ["a", RESYNC_MS],
  ]);
});

test("of many changes within five seconds only the last is told", () => {
  const { report, queued } = startReport();
  for (const name of ["a", "b", "c", "d"]) report.look(emptyInventory(name));
  vi.advanceTimersByTime(5_000);

  expect(queued).toEqual([
    ["a", 0],
    ["d", 5_000],
  ]);
});

const disk = { path: "/", totalBytes: 100, freeBytes: 50, totalInodes: 1, freeInodes: 1 };
const withDisk = (freeBytes: number): Inventory => {
  const inventory = emptyInventory("a");
  return { ...inventory, host: { ...inventory.host, disks: [{ ...disk, freeBytes }] } };
};

test("figures that move by themselves are no change", () => {
  const { report, queued } = startReport();
  report.look(withDisk(50));
  vi.setSystemTime(10_000);
  report.look(withDisk(49));

  expect(queued).toHaveLength(1);
});

test("what waits for its five seconds is told before the agent stops", async () => {
  const { report, queued } = startReport();
  report.look(emptyInventory("a"));
  report.look(emptyInventory("b"));
  await report.stop();

  expect(queued.map(([name]) => name)).toEqual(["a", "b"]);
});

test("an outbox that cannot be written is no reason to stop looking", () => {
  const { report, errors } = startReport({ broken: true });
  report.look(emptyInventory("a"));

  expect(errors).toHaveLength(1);
});
