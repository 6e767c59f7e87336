import { days, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { nextDue, type Schedule } from "../index.ts";

const NIGHTLY: Schedule = { cron: "0 3 * * *", timezone: "UTC" };
const HOSTS = Array.from({ length: 200 }, (_, index) => `host-${index}`);

/** The host of these that hashes to the shortest delay, so that times stay readable. */
const EARLIEST = HOSTS.map((hostId) => ({
  hostId,
  at: nextDue(NIGHTLY, { hostId, since: 0, now: 0 }) ?? 0,
})).sort((a, b) => a.at - b.at)[0];

function due(
  schedule: Schedule,
  at: { lastRunAt?: string; since?: string; now: string },
): string | undefined {
  const dueAt = nextDue(schedule, {
    hostId: EARLIEST?.hostId ?? "",
    lastRunAt: at.lastRunAt === undefined ? undefined : Date.parse(at.lastRunAt),
    since: Date.parse(at.since ?? "2020-01-01T00:00Z"),
    now: Date.parse(at.now),
  });
  return dueAt === undefined ? undefined : new Date(dueAt).toISOString().slice(0, 16);
}

test("a rule is due at the first time after its last run", () => {
  expect(due(NIGHTLY, { lastRunAt: "2030-01-30T03:02Z", now: "2030-01-30T12:00Z" })).toBe("2030-01-31T03:00");
});

test("a rule that came into force at noon missed nothing this night", () => {
  expect(due(NIGHTLY, { since: "2030-01-30T12:00Z", now: "2030-01-30T12:00Z" })).toBe("2030-01-31T03:00");
});

test("a host that was down for a week runs the rule once, at once", () => {
  const back = "2030-01-30T12:00Z";

  expect(due(NIGHTLY, { lastRunAt: "2030-01-22T03:01Z", now: back })).toBe("2030-01-23T03:00");
  expect(due(NIGHTLY, { lastRunAt: back, now: back })).toBe("2030-01-31T03:00");
});

test("in the night that spring makes shorter, a time that does not exist comes an hour later", () => {
  const newYork: Schedule = { cron: "30 2 * * *", timezone: "America/New_York" };

  expect(due(newYork, { lastRunAt: "2026-03-07T08:00Z", now: "2026-03-07T12:00Z" })).toBe("2026-03-08T07:00");
});

test("in the night that autumn makes longer, a time that comes twice is due once", () => {
  const newYork: Schedule = { cron: "30 1 * * *", timezone: "America/New_York" };

  expect(due(newYork, { lastRunAt: "2026-10-31T12:00Z", now: "2026-10-31T12:00Z" })).toBe("2026-11-01T05:30");
  expect(due(newYork, { lastRunAt: "2026-11-01T05:31Z", now: "2026-11-01T05:31Z" })).toBe("2026-11-02T06:30");
});

test("a pattern of every few minutes runs through both nights without a gap", () => {
  const often: Schedule = { cron: "*/20 * * * *", timezone: "Europe/Vienna" };
  const at = (now: string) => due(often, { lastRunAt: now, now });

  expect(
    ["2026-03-29T00:59Z", "2026-03-29T01:00Z", "2026-10-25T00:41Z", "2026-10-25T01:05Z"].map(at),
  ).toEqual(["2026-03-29T01:00", "2026-03-29T01:20", "2026-10-25T01:00", "2026-10-25T01:20"]);
});

test("hosts spread over a tenth of the period and at most five minutes, each always the same", () => {
  const now = Date.parse("2030-01-30T12:00Z");
  const delays = (schedule: Schedule, base: string) =>
    HOSTS.map((hostId) => (nextDue(schedule, { hostId, since: now, now }) ?? NaN) - Date.parse(base));

  const nightly = delays(NIGHTLY, "2030-01-31T03:00Z");
  const tenMinutes = delays({ cron: "*/10 * * * *", timezone: "UTC" }, "2030-01-30T12:10Z");

  expect(nightly).toEqual(delays(NIGHTLY, "2030-01-31T03:00Z"));
  for (const [all, mostMs] of [
    [nightly, 5 * MINUTE_MS],
    [tenMinutes, MINUTE_MS],
  ] as const) {
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all)).toBeLessThan(mostMs);
    for (const quarter of [0, 1, 2, 3]) {
      const share = all.filter((ms) => Math.floor((4 * ms) / mostMs) === quarter).length / all.length;
      expect(share).toBeGreaterThan(0.15);
    }
  }
});

test("a fixed span counts from the last round, without a spread, and begins at once", () => {
  const hourly: Schedule = { everyMs: HOUR_MS };

  expect(due(hourly, { lastRunAt: "2030-01-30T12:00Z", now: "2030-01-30T12:10Z" })).toBe("2030-01-30T13:00");
  expect(due(hourly, { since: "2030-01-30T12:00Z", now: "2030-01-30T12:10Z" })).toBe("2030-01-30T12:00");
});

test("a last run in the future is the trace of a wrong clock and holds nothing up", () => {
  const now = Date.parse("2030-01-30T12:00Z");
  const question = { hostId: "h", lastRunAt: now + days(2_000), since: now - days(2), now };

  expect(nextDue(NIGHTLY, question)).toBeLessThan(now);
  expect(nextDue({ everyMs: HOUR_MS }, question)).toBeLessThan(now);
});

test("a time that never comes is never due", () => {
  expect(due({ cron: "0 0 31 2 *", timezone: "UTC" }, { now: "2030-01-30T12:00Z" })).toBeUndefined();
});

test("a time that was missed for too long is skipped, and the rule waits for its next one", () => {
  const back = "2030-01-30T09:00Z";
  const missed = (catchUpMs: number | undefined) =>
    due(
      { ...NIGHTLY, ...(catchUpMs !== undefined && { catchUpMs }) },
      { lastRunAt: "2030-01-22T03:01Z", now: back },
    );

  expect(missed(undefined)).toBe("2030-01-23T03:00");
  expect(missed(7 * HOUR_MS)).toBe("2030-01-30T03:00");
  expect(missed(5 * HOUR_MS)).toBe("2030-01-31T03:00");
  expect(missed(0)).toBe("2030-01-31T03:00");
  expect(
    due({ ...NIGHTLY, catchUpMs: 0 }, { lastRunAt: "2030-01-29T03:01Z", now: "2030-01-30T03:09Z" }),
  ).toBe("2030-01-30T03:00");
});

test("a time outside the windows is missed only after they opened", () => {
  const windows = [{ days: "Sat", from: "10:00", to: "12:00", timezone: "UTC" }];
  const question = {
    hostId: EARLIEST?.hostId ?? "",
    since: 0,
    lastRunAt: Date.parse("2030-01-01T03:01Z"),
    windows,
  };
  const dueAt = (now: string) => {
    const found = nextDue({ ...NIGHTLY, catchUpMs: HOUR_MS }, { ...question, now: Date.parse(now) });
    return found === undefined ? undefined : new Date(found).toISOString().slice(0, 16);
  };

  // Saturdays are 2030-01-26 and 2030-02-02: what was due since Saturday noon waits for the next one.
  expect(dueAt("2030-02-02T09:00Z")).toBe("2030-01-27T03:00");
  expect(dueAt("2030-02-02T10:59Z")).toBe("2030-01-27T03:00");
  expect(dueAt("2030-02-02T11:30Z")).toBe("2030-02-03T03:00");
});

test("a rule may spread its hosts as wide as it wants, and never beyond its period", () => {
  const now = Date.parse("2030-01-30T12:00Z");
  const widest = (schedule: Schedule) =>
    Math.max(...HOSTS.map((hostId) => nextDue(schedule, { hostId, since: now, now }) ?? NaN));

  expect(widest({ ...NIGHTLY, spreadMs: 2 * HOUR_MS })).toBeGreaterThan(Date.parse("2030-01-31T04:50Z"));
  expect(widest({ ...NIGHTLY, spreadMs: 2 * HOUR_MS })).toBeLessThan(Date.parse("2030-01-31T05:00Z"));
  expect(widest({ cron: "0 * * * *", timezone: "UTC", spreadMs: days(1) })).toBeLessThan(
    Date.parse("2030-01-30T14:00Z"),
  );
});
