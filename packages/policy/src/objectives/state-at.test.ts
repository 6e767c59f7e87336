import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { NOW } from "../testing/world.ts";
import { lossAt, rpoTurns, rtoTurns, stateAt, worstTurns } from "./state-at.ts";

const RPO = { rpoMs: 100 * MINUTE_MS };
const LONG_AGO = NOW - 1_000 * HOUR_MS;
const vouched = (ageMs: number, until = NOW + HOUR_MS) => ({
  restorePoint: "ab",
  repository: "local",
  at: NOW - ageMs,
  until,
});
const rpoState = (...args: Parameters<typeof vouched>) =>
  stateAt(rpoTurns({ ...RPO, vouched: vouched(...args) }, LONG_AGO), NOW);
const newState = (ageMs: number) => stateAt(rpoTurns(RPO, NOW - ageMs), NOW);

test.each([
  [-MINUTE_MS, "met"],
  [0, "met"],
  [80 * MINUTE_MS - 1, "met"],
  [80 * MINUTE_MS, "at-risk"],
  [100 * MINUTE_MS, "at-risk"],
  [100 * MINUTE_MS + 1, "broken"],
])("data that is %d ms old, of 100 minutes that may be lost: %s", (ageMs, state) => {
  expect(rpoState(ageMs)).toBe(state);
});

test("a restore point that nobody vouches for any more is unknown, and broken once it is too old in any case", () => {
  expect(rpoState(MINUTE_MS, NOW + 1)).toBe("met");
  expect(rpoState(MINUTE_MS, NOW)).toBe("unknown");
  expect(rpoState(90 * MINUTE_MS, NOW)).toBe("unknown");
  expect(rpoState(100 * MINUTE_MS + 1, NOW)).toBe("broken");
});

test("what never had a good restore point is unknown for the span that was agreed, then broken", () => {
  expect(newState(0)).toBe("unknown");
  expect(newState(100 * MINUTE_MS)).toBe("unknown");
  expect(newState(100 * MINUTE_MS + 1)).toBe("broken");
});

test("what would be lost is told as long as somebody vouches for a restore point", () => {
  expect(lossAt(vouched(MINUTE_MS), NOW)).toBe(MINUTE_MS);
  expect(lossAt(vouched(-MINUTE_MS), NOW)).toBe(0);
  expect(lossAt(vouched(MINUTE_MS, NOW), NOW)).toBeUndefined();
  expect(lossAt(undefined, NOW)).toBeUndefined();
});

test.each([
  ["met", { ms: 79_999, isMeasured: true, hasFailedSince: false }],
  ["at-risk", { ms: 80_000, isMeasured: true, hasFailedSince: false }],
  ["at-risk", { ms: 100_000, isMeasured: true, hasFailedSince: false }],
  ["broken", { ms: 100_001, isMeasured: true, hasFailedSince: false }],
  ["broken", { ms: 1, isMeasured: true, hasFailedSince: true }],
  ["unknown", { ms: 1, isMeasured: false, hasFailedSince: false }],
  ["unknown", { ms: 100_001, isMeasured: false, hasFailedSince: false }],
  ["broken", { ms: 1, isMeasured: false, hasFailedSince: true }],
  ["unknown", undefined],
])("of 100 s that having it back may take: %s by %o", (state, rto) => {
  expect(stateAt(rtoTurns({ rtoMs: 100_000, rto }), NOW)).toBe(state);
});

test("of several targets the worst counts, and what has none is as agreed", () => {
  const late = rpoTurns({ ...RPO, vouched: vouched(90 * MINUTE_MS) }, LONG_AGO);
  const undrilled = rtoTurns({ rtoMs: 1 });

  expect(stateAt(worstTurns([late, undefined]), NOW)).toBe("at-risk");
  expect(stateAt(worstTurns([late, undrilled]), NOW)).toBe("unknown");
  expect(stateAt(worstTurns([late, undrilled]), NOW + 11 * MINUTE_MS)).toBe("broken");
  expect(stateAt(worstTurns([]), NOW)).toBe("met");
});
