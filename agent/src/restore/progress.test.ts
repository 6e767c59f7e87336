import { expect, test } from "vitest";
import { describeProgress } from "./progress.ts";

test("progress is told with rate and estimated rest", () => {
  const half = { writtenBytes: 50e6, totalBytes: 100e6, elapsedMs: 5_000 };

  expect(describeProgress(half)).toBe("50 %, 50 MB of 100 MB at 10 MB/s, about 5 seconds left");
});

test("what is written beyond the estimate is not more than everything, and no rest is invented for nothing", () => {
  expect(describeProgress({ writtenBytes: 120e6, totalBytes: 100e6, elapsedMs: 5_000 })).toMatch(/^99 %/);
  expect(describeProgress({ writtenBytes: 0, totalBytes: 100e6, elapsedMs: 5_000 })).toBe("0 B at 0 B/s");
});
