import { DAY_MS, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import type { BackupState } from "./backup-state.ts";
import { nextJob } from "./run-backups.ts";

const CONFIG = { every: HOUR_MS, drillEvery: DAY_MS };
const made = (agoMs: number): BackupState["newest"] => ({
  restorePoint: "ab",
  dataAt: NOW - agoMs,
  bytes: 1,
  addedBytes: 1,
  tookMs: 1,
});
const drilled = (agoMs: number): BackupState["drilled"] => ({
  restorePoint: "ab",
  at: NOW - agoMs,
  dataAt: NOW,
  tookMs: 1,
});
const next = (state: BackupState, triedAt = {}) => {
  const job = nextJob({ state, hasHosts: true, config: CONFIG, triedAt });
  if (job === undefined) return "nothing";
  const { what, dueAt } = job;
  return `${what} ${dueAt <= NOW ? "now" : `in ${(dueAt - NOW) / MINUTE_MS} min`}`;
};

test("a backup is made once a span, counted from its data, and the first at once", () => {
  expect(next({})).toBe("backup now");
  expect(next({ newest: made(HOUR_MS), drilled: drilled(0) })).toBe("backup now");
  expect(next({ newest: made(HOUR_MS - MINUTE_MS), drilled: drilled(0) })).toBe("backup in 1 min");
});

test("a drill is due as soon as there is something to bring back, then once a day", () => {
  expect(next({ newest: made(0) })).toBe("drill now");
  expect(next({ newest: made(0), drilled: drilled(DAY_MS) })).toBe("drill now");
  expect(next({ newest: made(0), drilled: drilled(DAY_MS - MINUTE_MS) })).toBe("drill in 1 min");
});

test("what failed is tried again after five minutes, and holds up nothing else", () => {
  expect(next({}, { backup: NOW - MINUTE_MS })).toBe("backup in 4 min");
  expect(next({ newest: made(0) }, { drill: NOW - MINUTE_MS })).toBe("drill in 4 min");
  expect(next({ newest: made(2 * HOUR_MS) }, { drill: NOW - MINUTE_MS })).toBe("backup now");
});

test("a database that never held a host is not backed up, whatever a file beside it says", () => {
  const empty = { hasHosts: false, config: CONFIG, triedAt: {} };

  expect(nextJob({ ...empty, state: {} })).toBeUndefined();
  expect(nextJob({ ...empty, state: { newest: made(2 * HOUR_MS) } })).toBeUndefined();
});
