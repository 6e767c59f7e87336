import {
  NO_SIGNALS,
  NO_GUARDRAILS,
  NO_ORPHANS,
  NO_STEPS,
  standingSchema,
  type Standing,
} from "@shipkeeper/policy";
import type { KnownEntry } from "@shipkeeper/protocol";
import { afterEach, expect, test, vi } from "vitest";
import { reportStanding } from "./report-standing.ts";

afterEach(() => void vi.useRealTimers());

const standing = (facts: Partial<Standing> = {}): Standing => ({
  hostLabels: { environment: "production" },
  ledger: {
    bornAt: 0,
    restarts: new Map([["name:web", [{ at: 1, result: "healed", rung: "restart" }]]]),
    lastDay: { ...NO_STEPS, restarts: 1 },
    ruleDays: new Map([["production/cache", { items: 3, bytes: 7 }]]),
    pastImages: new Map(),
    orphans: NO_ORPHANS,
    restorePoints: [],
    proofs: [],
    expiries: [],
  },
  guardrails: NO_GUARDRAILS,
  stopFilePresent: false,
  repositories: ["local"],
  self: [],
  signals: NO_SIGNALS,
  lastRuns: new Map([["production/cache", 5]]),
  ...facts,
});

/** A report that queues into a list, at a time that tests move. */
function reporting() {
  vi.useFakeTimers({ now: 0 });
  const queued: KnownEntry[] = [];
  const report = reportStanding({
    outbox: { append: (entry) => queued.push(entry) },
    clock: Date.now,
    resyncMs: 300_000,
    failed: (error) => expect.unreachable(String(error)),
  });
  return { report, queued };
}

test("what rounds go by is told when it changed, as JSON from which the same can be read again", () => {
  const { report, queued } = reporting();

  report.look(standing());
  vi.setSystemTime(10_000);
  report.look(standing());
  vi.setSystemTime(20_000);
  report.look(standing({ stopFilePresent: true }));

  const told = queued.flatMap((entry) => (entry.kind === "standing" ? [entry] : []));
  expect(told.map(({ at }) => at)).toEqual([0, 20_000]);
  const [, second] = told.map((entry) => standingSchema.parse(JSON.parse(JSON.stringify(entry.standing))));
  expect(second).toEqual(standing({ stopFilePresent: true }));
});

test("what moves by itself is no news: a probe that answers, the load, one more death of many", () => {
  const { report, queued } = reporting();
  const probed = (lastAt: number, failuresInARow: number, deaths: number) =>
    standing({
      signals: {
        ...NO_SIGNALS,
        load: { loadPerCpu: lastAt / 7 },
        deaths: new Map([["web", Array.from({ length: deaths }, (_, at) => deathAt(lastAt + at))]]),
        probes: new Map([
          ["web", [{ probe: "api", kind: "http", lastAt, failuresInARow, needed: 3, said: `${lastAt}` }]],
        ]),
      },
    });
  const looks = [
    ["first", probed(0, 0, 3)],
    ["again", probed(1, 0, 3)],
    ["failed once", probed(2, 1, 4)],
    ["confirmed", probed(3, 3, 5)],
    ["still failing", probed(4, 9, 20)],
    ["answers", probed(5, 0, 20)],
  ] as const;

  const told = looks.flatMap(([name, look], index) => {
    vi.setSystemTime(index * 10_000);
    const before = queued.length;
    report.look(look);
    return queued.length > before ? [name] : [];
  });

  expect(told).toEqual(["first", "confirmed", "answers"]);
});

function deathAt(at: number) {
  return { at, outOfMemory: false, expected: false };
}
