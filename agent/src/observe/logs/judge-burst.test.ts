import { MINUTE_MS } from "@shipkeeper/kit";
import type { BurstLimits } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { judgeBurst, type BurstState } from "./judge-burst.ts";
import type { LogMinute } from "./log-tally.ts";
import { logMinute } from "./testing/log-minute.ts";

const minute = (number: number, facts: Partial<LogMinute>) => logMinute(number * MINUTE_MS, facts);

const LIMITS: BurstLimits = { bytesPerMinute: 1_000, matchesPerMinute: 100 };

/** How the log stands after each minute. */
function judged(minutes: readonly Partial<LogMinute>[], limits = LIMITS): (BurstState | undefined)[] {
  let state: BurstState | undefined;
  return minutes.map((facts, number) => (state = judgeBurst(state, minute(number, facts), limits)));
}

test("one minute above the limit begins a burst, five minutes within it end it", () => {
  const states = judged([
    { bytes: 1_000 },
    { bytes: 1_001 },
    { bytes: 3_000 },
    ...Array.from({ length: 5 }, () => ({ bytes: 900 })),
  ]);

  expect(states.map((state) => state?.burst.perMinute)).toEqual([
    undefined,
    1_001,
    ...Array<number>(5).fill(3_000),
    undefined,
  ]);
  expect(states[2]?.burst).toEqual({
    since: MINUTE_MS,
    why: "bytes",
    perMinute: 3_000,
    limitPerMinute: 1_000,
  });
});

test("a minute above the limit among calm ones goes on with the same burst", () => {
  const calm = [{}, {}, {}, {}];
  const states = judged([{ bytes: 2_000 }, ...calm, { bytes: 2_000 }, ...calm, {}]);

  expect(states.map((state) => state?.burst.since)).toEqual([...Array<number>(10).fill(0), undefined]);
});

test("lines that match count for each pattern alone, and the pattern that began it stays its reason", () => {
  const states = judged([
    { matches: { errors: 60, warnings: 60 } },
    { matches: { errors: 101, warnings: 60 } },
    { matches: { errors: 5, warnings: 900 } },
  ]);

  expect(states[0]).toBeUndefined();
  expect(states[1]?.burst).toMatchObject({ why: "matches", pattern: "errors", perMinute: 101 });
  expect(states[2]?.burst).toMatchObject({ why: "matches", pattern: "errors", perMinute: 101 });
});

test("without a limit nothing bursts, and what did is over when its limit goes", () => {
  expect(judged([{ bytes: 1e9 }], {})).toEqual([undefined]);
  const bursting = judged([{ bytes: 2_000 }]).at(-1);

  expect(bursting).toBeDefined();
  expect(judgeBurst(bursting, minute(1, {}), {})).toBeUndefined();
});
