import { expect, test } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");

test.each([
  [undefined, undefined],
  ["120", 120_000],
  ["0", 1_000],
  ["-5", 1_000],
  ["99999999", 3_600_000],
  ["Thu, 31 Jan 2030 02:05:00 GMT", 300_000],
  ["Thu, 31 Jan 2019 02:05:00 GMT", 1_000],
  ["soon", undefined],
])("Retry-After: %s waits %s ms", (header, waitMs) => {
  expect(retryAfterMs(header, NOW)).toBe(waitMs);
});
