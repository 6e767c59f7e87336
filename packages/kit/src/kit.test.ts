import { expect, test } from "vitest";
import {
  backoffMs,
  errorChain,
  firstMatch,
  formatBytes,
  formatDuration,
  jitteredBackoffMs,
  matchesPattern,
  parseBytes,
  parseDuration,
  parseInstant,
  patternProblem,
  suggest,
} from "./index.ts";

test("durations need a unit, and print in the largest unit that says enough", () => {
  expect(["30s", "15m", "72h", "14d", "1h30m", "2w"].map(parseDuration)).toEqual([
    30_000, 900_000, 259_200_000, 1_209_600_000, 5_400_000, 1_209_600_000,
  ]);
  expect(["300", "", "5 m", "-1h", "1y"].map(parseDuration)).toEqual(Array(5).fill(undefined));
  expect([1_209_600_000, 90_000, 45_000, 1_500, 3_600_000, 12].map(formatDuration)).toEqual([
    "14 days",
    "90 seconds",
    "45 seconds",
    "1 second",
    "1 hour",
    "12 ms",
  ]);
});

test("sizes are read in both unit families and printed in powers of ten", () => {
  expect(["100GB", "2GiB", "1.5 MB", "7", "GB"].map(parseBytes)).toEqual([
    100e9,
    2 ** 31,
    1_500_000,
    undefined,
    undefined,
  ]);
  expect([0, 999, 1_000, 1_234_567, 99_960_000, 3.4e9, -2e6].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "1.2 MB",
    "100 MB",
    "3.4 GB",
    "-2 MB",
  ]);
});

test("a time that an engine uses for never is no time", () => {
  expect(parseInstant("0001-01-01T00:00:00Z")).toBeUndefined();
  expect(parseInstant("")).toBeUndefined();
  expect(parseInstant("1970-01-01T00:00:00Z")).toBe(0);
  expect(parseInstant("2024-02-29T12:00:00.123456789Z")).toBe(Date.UTC(2024, 1, 29, 12, 0, 0, 123));
});

test("a pattern is a glob over the whole name, or a regular expression after ^", () => {
  expect(matchesPattern("acme/pay-*", "acme/pay-api")).toBe(true);
  expect(matchesPattern("acme/pay-*", "acme/payments")).toBe(false);
  expect(matchesPattern("registry.acme.example/*", "registry.acme.example/base/debian:12")).toBe(true);
  expect(matchesPattern("a.c", "abc")).toBe(false);
  expect(matchesPattern("^postgres-", "postgres-main")).toBe(true);
  expect(firstMatch([], ["anything"])).toBeUndefined();
  expect(patternProblem("^(")).toContain("not a regular expression");
});

test("a wait doubles up to its limit, and jitter only shortens it", () => {
  const backoff = { firstMs: 10_000, mostMs: 300_000 };

  expect([1, 2, 3, 5, 6, 99].map((failures) => backoffMs(backoff, failures))).toEqual([
    10_000, 20_000, 40_000, 160_000, 300_000, 300_000,
  ]);
  expect(jitteredBackoffMs(backoff, 1, () => 0.5)).toBe(5_000);
});

test("an error chain tells every layer's own attempt once", () => {
  const cause = new Error("connect ENOENT", { cause: "no socket" });

  expect(errorChain(new Error("cannot list containers", { cause }))).toBe(
    "cannot list containers: connect ENOENT: no socket",
  );
});

test("a misspelt word gets a suggestion only when one is near", () => {
  expect(suggest("scedule", ["schedule", "select", "mode"])).toBe("schedule");
  expect(suggest("banana", ["schedule", "select", "mode"])).toBeUndefined();
});
