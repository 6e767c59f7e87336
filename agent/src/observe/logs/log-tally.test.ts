import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { addMinute, emptyTally, figuresOf, type LogMinute, type LogTally } from "./log-tally.ts";
import { logMinute } from "./testing/log-minute.ts";

const START = Date.UTC(2030, 0, 31, 2);

const minute = (number: number, facts: Partial<LogMinute> = {}) => logMinute(at(number), facts);

const tallied = (...minutes: LogMinute[]): LogTally => minutes.reduce(addMinute, emptyTally(START));
const at = (number: number) => START + number * MINUTE_MS;

test("the rate is the mean of the last ten minutes, or of those that were watched", () => {
  const tally = tallied(minute(0, { bytes: 600 }), minute(1, { bytes: 400 }));

  expect(figuresOf(tally, at(2))).toMatchObject({ bytesPerMinute: 500, peakBytesPerMinute: 600 });
  expect(figuresOf(tally, at(10))).toMatchObject({ bytesPerMinute: 100, peakBytesPerMinute: 600 });
  expect(figuresOf(tally, at(30))).toMatchObject({ bytesPerMinute: 0, peakBytesPerMinute: 600 });
  expect(figuresOf(tally, at(62))).toMatchObject({ bytesPerMinute: 0, peakBytesPerMinute: 0 });
});

test("matches add up over an hour by pattern, whatever a pattern is named", () => {
  const tally = tallied(
    minute(0, { bytes: 1, matches: { errors: 3 } }),
    minute(1, { bytes: 1, matches: { errors: 2, constructor: 1 }, notScannedBytes: 7, late: true }),
  );

  expect(figuresOf(tally, at(2))).toMatchObject({
    matches: { errors: 5, constructor: 1 },
    notScannedBytes: 7,
    lateMinutes: 1,
  });
});

test("hours are full hours; the one before is still told", () => {
  const tally = tallied(
    minute(-70, { bytes: 1 }),
    minute(-2, { bytes: 20, matches: { errors: 1 } }),
    minute(-1, { bytes: 30, matches: { errors: 1 } }),
    minute(3, { bytes: 4 }),
  );

  expect(figuresOf(tally, at(4)).hours).toEqual([
    { at: START - HOUR_MS, bytes: 50, matches: { errors: 2 } },
    { at: START, bytes: 4, matches: {} },
  ]);
});

test("a quiet log takes no room, and no more than an hour of minutes is kept", () => {
  const empty = emptyTally(START);
  const busy = Array.from({ length: 300 }, (_, number) => minute(number, { bytes: 1 }));

  expect(addMinute(empty, minute(0))).toBe(empty);
  expect(tallied(...busy).minutes.length).toBeLessThanOrEqual(60);
  expect(tallied(...busy).hours.length).toBe(2);
});

test("a minute that took longer, as on a host that slept, does not look busier for it", () => {
  const tally = tallied(minute(0, { bytes: 1_000, tookMs: 10 * MINUTE_MS }));

  expect(figuresOf(tally, at(10)).peakBytesPerMinute).toBe(100);
});
