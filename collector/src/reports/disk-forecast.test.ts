import { DAY_MS, HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { forecastDisk } from "./disk-forecast.ts";
import { NOW, sinkingDisk } from "./testing/sample-facts.ts";

test("a disk that loses 6 GB a day with 31 GB free is full in five days", () => {
  expect(forecastDisk(sinkingDisk(31e9, 6e9), NOW)).toEqual({
    kind: "fills",
    daysLeft: 5,
    at: Math.round(NOW + (31 / 6) * DAY_MS),
  });
});

test("a disk that stays as it is, or grows free, is not filling", () => {
  expect(forecastDisk(sinkingDisk(31e9, 0), NOW)).toEqual({ kind: "steady" });
  expect(forecastDisk(sinkingDisk(31e9, -6e9), NOW)).toEqual({ kind: "steady" });
});

test("half a day of readings is no trend", () => {
  const disk = sinkingDisk(31e9, 6e9);
  const history = disk.history.filter(({ at }) => at > NOW - 12 * HOUR_MS);

  expect(forecastDisk({ ...disk, history }, NOW)).toEqual({ kind: "not-enough-history" });
  expect(forecastDisk({ ...disk, history: [] }, NOW)).toEqual({ kind: "not-enough-history" });
});

test("readings that jump up and down give no date", () => {
  const disk = sinkingDisk(31e9, 1e9);
  const history = disk.history.map((reading, place) => ({
    ...reading,
    freeBytes: reading.freeBytes + (place % 2) * 20e9,
  }));

  expect(forecastDisk({ ...disk, history }, NOW)).toEqual({ kind: "erratic" });
});
