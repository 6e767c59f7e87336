import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { firstVerdict, sick, tries, withSignals, type Try } from "../../testing/healing.ts";
import { containerId, NOW } from "../../testing/world.ts";
import { breakerOf, triesOfSickness } from "./budget.ts";
import { restartSpecSchema } from "./spec.ts";

/** So many tries in vain, the last so long ago, each some minutes after the other. */
const inVain = (count: number, lastAgoMs: number, everyMs = 5 * MINUTE_MS): Try[] =>
  Array.from({ length: count }, (_, index): Try => [lastAgoMs + (count - 1 - index) * everyMs, "failed"]);

const counted = (told: readonly Try[], sickForMs: number, facts = {}) =>
  triesOfSickness(tries(...told), NOW - sickForMs, { healthCheck: undefined, ...facts }).length;

test("ten healthy minutes after a try that helped begin anew, fewer do not", () => {
  expect(
    counted(
      [
        [30 * MINUTE_MS, "failed"],
        [12 * MINUTE_MS, "healed"],
      ],
      2 * MINUTE_MS,
    ),
  ).toBe(0);
  expect(
    counted(
      [
        [30 * MINUTE_MS, "failed"],
        [12 * MINUTE_MS, "healed"],
      ],
      3 * MINUTE_MS,
    ),
  ).toBe(2);
});

test("a try that did not help is forgotten where the sickness began long after it all the same", () => {
  // A minute and a half for the check, and ten minutes of health.
  const healthyFrom = 11.5 * MINUTE_MS;

  expect(counted([[HOUR_MS, "failed"]], HOUR_MS - healthyFrom)).toBe(0);
  expect(counted([[HOUR_MS, "failed"]], HOUR_MS - healthyFrom + 1)).toBe(1);
  expect(counted([[HOUR_MS, "failed"]], 2 * HOUR_MS)).toBe(1);
});

test("a later try does not make the ones before it look forgotten", () => {
  // Sick by a probe whose row of failures begins anew with every start.
  expect(counted([...inVain(5, HOUR_MS), [MINUTE_MS, "failed"]], 30_000)).toBe(6);
});

test("a container that was made anew needs its healthy minutes as well", () => {
  expect(counted(inVain(5, HOUR_MS), MINUTE_MS, { createdAt: NOW - 2 * MINUTE_MS })).toBe(5);
  expect(counted(inVain(5, HOUR_MS), MINUTE_MS, { createdAt: NOW - 13 * MINUTE_MS })).toBe(0);
});

const DEFAULT = restartSpecSchema.parse({}).budget;

test("the budget is used up by so many tries in its time, or by as many in a row that came more slowly", () => {
  expect(breakerOf(tries(...inVain(4, 0)), DEFAULT)).toBeUndefined();
  expect(breakerOf(tries(...inVain(5, 0)), DEFAULT)).toEqual({ tries: 5, againAt: NOW + HOUR_MS });
  expect(breakerOf(tries(...inVain(5, 0, 20 * MINUTE_MS)), DEFAULT)).toBeDefined();

  const helped = (everyMs: number) => tries(...inVain(5, 0, everyMs).map(([at]): Try => [at, "healed"]));
  expect(breakerOf(helped(5 * MINUTE_MS), DEFAULT)).toBeDefined();
  expect(breakerOf(helped(9 * MINUTE_MS), DEFAULT)).toBeUndefined();
});

test("one more try is made an hour after the last, three times, and then none by itself", () => {
  const after = (later: number) => {
    const told = [...inVain(5, HOUR_MS * (later + 1)), ...inVain(later, HOUR_MS, HOUR_MS)];
    const verdict: Record<string, unknown> = firstVerdict(sick(told, { forSeconds: 360_000 }));
    return [verdict["decision"], verdict["later"]];
  };

  expect([0, 1, 2, 3].map(after)).toEqual([
    ["kill", true],
    ["kill", true],
    ["kill", true],
    ["give-up", undefined],
  ]);
  expect(firstVerdict(sick(inVain(5, HOUR_MS - 1)))).toMatchObject({ decision: "give-up", againAt: NOW + 1 });
  expect(firstVerdict(sick(inVain(8, 9 * HOUR_MS, HOUR_MS), { forSeconds: 360_000 }))).not.toHaveProperty(
    "againAt",
    expect.any(Number),
  );
});

test("tries of earlier sicknesses count for as long as the budget's time is", () => {
  const told = [5, 4, 3, 2, 1].map((hours): Try => [hours * HOUR_MS, "healed"]);
  const flapping = (per: string) =>
    firstVerdict(sick(told, { forSeconds: 90 }), { budget: { per, again: "3h" } });

  expect(flapping("30m")).toMatchObject({ decision: "restart", attempt: 1 });
  expect(flapping("4h")).toMatchObject({ decision: "restart", attempt: 4 });
  expect(flapping("6h")).toMatchObject({ decision: "give-up", attempts: 5, againAt: NOW + 2 * HOUR_MS });
});

test("the time until one more try is the rule's", () => {
  expect(firstVerdict(sick(inVain(5, HOUR_MS)), { budget: { again: "2h" } })).toMatchObject({
    decision: "give-up",
    againAt: NOW + HOUR_MS,
  });
});

test("whoever starts it by hand gives it a new budget", () => {
  const touched = (what: "restart" | "stop") =>
    withSignals(sick(inVain(8, HOUR_MS)), {
      touches: new Map([[containerId("web") as string, { at: NOW - 10 * MINUTE_MS, what }]]),
    });

  expect(firstVerdict(touched("restart"))).toMatchObject({ decision: "restart", attempt: 1, later: false });
  expect(firstVerdict(touched("stop"))).toMatchObject({ decision: "give-up" });
});
