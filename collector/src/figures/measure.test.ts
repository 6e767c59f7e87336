import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  againstTarget,
  piecesOf,
  shareOf,
  tally,
  together,
  union,
  type Interval,
  type Piece,
} from "./measure.ts";

const spell = (state: "up" | "down" | "out", since: number, until?: number) => ({ state, since, until });
const ALWAYS: Interval[] = [{ from: 0, to: 100 }];

test("only what was watched counts, and what is out does not", () => {
  const spells = [spell("up", -5, 10), spell("down", 10, 20), spell("out", 20, 50), spell("up", 50)];
  const watched = [
    { from: 0, to: 15 },
    { from: 30, to: 60 },
  ];

  expect(tally(piecesOf(spells, watched))).toEqual({ upMs: 20, downMs: 5, outages: 1, longestOutageMs: 5 });
});

test("an outage that nobody watched for a while is one outage, and as long as it was watched", () => {
  const watched = [
    { from: 0, to: 15 },
    { from: 18, to: 100 },
  ];

  expect(
    tally(piecesOf([spell("up", 0, 10), spell("down", 10, 20), spell("up", 20)], watched)),
  ).toMatchObject({
    outages: 1,
    longestOutageMs: 7,
  });
});

test("many are up while one of them is, and down while none is", () => {
  const first = piecesOf([spell("up", 0, 40), spell("down", 40, 60), spell("up", 60)], ALWAYS);
  const second = piecesOf([spell("up", 10, 50), spell("down", 50, 90), spell("out", 90)], ALWAYS);

  expect(together([first, second])).toEqual([
    { state: "up", from: 0, to: 50 },
    { state: "down", from: 50, to: 60 },
    { state: "up", from: 60, to: 100 },
  ]);
});

test("a target of 99.9 % leaves a thousandth of the counted time", () => {
  const sum = { upMs: 999_400, downMs: 600, outages: 1, longestOutageMs: 600 };

  expect(againstTarget(sum, 99.9)).toEqual({ met: true, budgetLeftMs: 400 });
  expect(againstTarget({ ...sum, upMs: 98_800, downMs: 1_200 }, 99.9)).toEqual({
    met: false,
    budgetLeftMs: -1_100,
  });
  expect(againstTarget({ ...sum, upMs: 0, downMs: 0 }, 99.9)).toBeUndefined();
});

const instant = fc.integer({ min: 0, max: 100 });
const intervals = fc.array(
  fc.tuple(instant, instant).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
  { maxLength: 5 },
);
/** Spells that follow each other without a gap, the last without an end. */
const spells = fc
  .uniqueArray(fc.tuple(instant, fc.constantFrom("up", "down", "out")), {
    selector: ([at]) => at,
    maxLength: 6,
  })
  .map((changes) => {
    const inOrder = changes.toSorted(([a], [b]) => a - b);
    return inOrder.map(([since, state], place) => spell(state as "up", since, inOrder[place + 1]?.[0]));
  });

test("whatever was told, the share is one, and windows that are split add up", () => {
  fc.assert(
    fc.property(spells, intervals, instant, (told, spans, split) => {
      const within = (from: number, to: number) => tally(piecesOf(told, union(spans, { from, to })));
      const whole = within(0, 100);
      const parts = [within(0, split), within(split, 100)];

      expect(parts.reduce((sum, { upMs }) => sum + upMs, 0)).toBe(whole.upMs);
      expect(parts.reduce((sum, { downMs }) => sum + downMs, 0)).toBe(whole.downMs);
      const share = shareOf(whole);
      expect(share === undefined || (share >= 0 && share <= 1)).toBe(true);
      expect(share === undefined).toBe(whole.upMs + whole.downMs === 0);
      expect(whole.longestOutageMs).toBeLessThanOrEqual(whole.downMs);
      expect(whole.outages > 0).toBe(whole.downMs > 0);
      expect(whole.upMs + whole.downMs).toBeLessThanOrEqual(100);
    }),
    { numRuns: 200 },
  );
});

test("together is at every instant what its members say, in whatever order they come", () => {
  const members = fc.array(fc.tuple(spells, intervals), { maxLength: 4 });
  const stateAt = (pieces: readonly Piece[], at: number) =>
    pieces.find(({ from, to }) => from <= at && at < to)?.state;
  fc.assert(
    fc.property(members, (told) => {
      const each = told.map(([own, spans]) => piecesOf(own, union(spans, { from: 0, to: 100 })));
      const all = together(each);

      for (let at = 0; at < 100; at += 1) {
        const states = each.map((pieces) => stateAt(pieces, at));
        const expected = states.includes("up") ? "up" : states.includes("down") ? "down" : undefined;
        expect(stateAt(all, at)).toBe(expected);
      }
      expect(together(each.toReversed())).toEqual(all);
      expect(tally(together([all])).downMs).toBe(tally(all).downMs);
    }),
    { numRuns: 50 },
  );
});
