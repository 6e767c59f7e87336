import { MINUTE_MS } from "@shipkeeper/kit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { WatchSpan } from "./availability.ts";
import { NOT_WATCHING, watchOn } from "./watching.ts";

const MOST_APART = 12;

/** Looks as minutes, negative ones unanswered, and the stretches that they make, as `from-to` with `!` for a silent engine. */
function spans(...looks: number[]): string[] {
  let watching = NOT_WATCHING;
  const all: WatchSpan[] = [];
  for (const look of looks) {
    const { next, ended } = watchOn(watching, { at: Math.abs(look), answered: look >= 0 }, MOST_APART);
    all.push(...ended);
    watching = next;
  }
  if (watching.span !== undefined) all.push(watching.span);
  return all.map(({ from, to, answers }) => `${from}-${to}${answers ? "" : "!"}`);
}

test.each([
  ["looks that follow each other are one watch", [1, 6, 11, 12], ["1-12"]],
  ["looks too far apart are two", [1, 6, 30, 35], ["1-6", "30-35"]],
  ["one unanswered look is chance", [1, 6, -11, 16], ["1-16"]],
  ["two in a row are silence since the first", [1, 6, -11, -16, 21, 26], ["1-11", "11-21!", "21-26"]],
  ["an engine that never answers is silent from the second look on", [-1, -6, -11], ["1-11!"]],
  [
    "an agent that slept while the engine was silent knows nothing of the time between",
    [1, -6, -11, -40, -45],
    ["1-6", "6-11!", "40-45!"],
  ],
  ["a single unanswered look before a long sleep tells nothing", [1, 6, -11, 40], ["1-6", "40-40"]],
])("%s", (_, looks, expected) => {
  expect(spans(...looks)).toEqual(expected);
});

test("stretches never overlap, and no gap in them is longer than looks may be apart unless the agent slept", () => {
  const looks = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.boolean()), { maxLength: 20 });
  fc.assert(
    fc.property(looks, (steps) => {
      let watching = NOT_WATCHING;
      let now = 0;
      const all: WatchSpan[] = [];
      for (const [wait, answered] of steps) {
        now += wait * MINUTE_MS;
        const { next, ended } = watchOn(watching, { at: now, answered }, MOST_APART * MINUTE_MS);
        all.push(...ended);
        watching = next;
      }
      if (watching.span !== undefined) all.push(watching.span);

      for (const [place, { from, to }] of all.entries()) {
        expect(to).toBeGreaterThanOrEqual(from);
        expect(from).toBeGreaterThanOrEqual(all[place - 1]?.to ?? 0);
        expect(to).toBeLessThanOrEqual(now);
      }
    }),
    { numRuns: 100 },
  );
});
