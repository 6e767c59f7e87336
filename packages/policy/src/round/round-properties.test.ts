import { roundIdSchema } from "@shipkeeper/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkRound,
  explainRound,
  isStep,
  planRound,
  roundSchema,
  ruleKey,
  type RoundQuestion,
} from "../index.ts";
import { arbitraryBundle } from "../testing/arbitrary-bundle.ts";
import { arbitraryWorld } from "../testing/arbitrary-world.ts";
import { afterSteps } from "../testing/simulate.ts";
import type { Round } from "./round.ts";

const ROUND_ID = roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa");

const question: fc.Arbitrary<RoundQuestion> = fc.record({
  bundle: arbitraryBundle,
  world: arbitraryWorld,
  lastRuns: fc.constant(new Map<string, number>()),
  roundId: fc.constant(ROUND_ID),
  stopFilePresent: fc.constantFrom(false, false, false, true),
  guardrailsProblem: fc.constantFrom(undefined, undefined, undefined, "broken"),
  trigger: fc.constantFrom("scheduled" as const, "continuous" as const),
});

/** A failure prints its seed, its path and the smallest world that breaks the promise; `fc.assert` plays it again. */
function holds(property: (question: RoundQuestion) => void, numRuns: number): void {
  fc.assert(fc.property(question, property), { numRuns });
}

const stepsOf = ({ planned }: Round) => planned.flatMap(({ verdicts }) => verdicts.filter(isStep));

/** The same question where every rule acts: of two rules that only observe, both may plan the same step. */
function acting(asked: RoundQuestion): RoundQuestion {
  const policies = asked.bundle.policies.map((policy) => ({
    ...policy,
    rules: policy.rules.map((rule) => ({ ...rule, mode: "enforce" as const })),
  }));
  const bundle = { ...asked.bundle, expiresAt: asked.world.now + 1, policies };
  return { ...asked, bundle, stopFilePresent: false, guardrailsProblem: undefined };
}

/** What has to wait until something else went. */
const TURNS = new Set([
  "limit",
  "parent-of",
  "taken-by-rule",
  "network-of",
  "guest",
  "rollback-of",
  "part-of",
  // Another rule takes away one of the sick, and then there is no storm any more.
  "host-storm",
]);

test("every planned round passes the independent check", () => {
  holds((asked) => {
    expect(checkRound(planRound(asked), asked.world, asked.bundle)).toEqual([]);
  }, 600);
});

test("a round is data: it survives the wire, and the same question gets the same answer", () => {
  holds((asked) => {
    const round = planRound(asked);

    expect(roundSchema.parse(JSON.parse(JSON.stringify(round)))).toEqual(JSON.parse(JSON.stringify(round)));
    expect(planRound(asked)).toEqual(round);
    expect(explainRound(round, { hostName: "h" })).not.toMatch(/undefined|NaN|Infinity|\[object/);
  }, 100);
});

test("a rule that has run is not due again", () => {
  holds((asked) => {
    if (asked.trigger === "continuous") return;
    const first = planRound(asked);
    const lastRuns = new Map(
      first.planned.map(({ policy, rule }) => [ruleKey(policy, rule), asked.world.now]),
    );

    expect(planRound({ ...asked, lastRuns }).planned).toEqual([]);
  }, 100);
});

test("plan, act, plan again: only what had to wait its turn is left, and in the end nothing", () => {
  holds((drawn) => {
    const asked = acting(drawn);
    let { world } = asked;
    let waited: Set<string> | undefined;
    for (let round = 1; round <= 60; round += 1) {
      const planned = planRound({ ...asked, world }).planned.filter(({ kind }) => kind !== "backup");
      const steps = planned.flatMap(({ verdicts }) => verdicts.filter(isStep)).map(({ target }) => target.id);
      for (const id of waited === undefined ? [] : steps) expect(waited).toContain(id);
      if (steps.length === 0) return;

      const verdicts = planned.flatMap(({ verdicts }) => verdicts);
      waited = new Set(verdicts.filter(({ reason }) => TURNS.has(reason.why)).map(({ target }) => target.id));
      world = afterSteps(world, planned);
    }
    expect.unreachable("sixty rounds were not enough");
  }, 100);
});

test("where nothing has to wait its turn, the second plan is empty", () => {
  holds((drawn) => {
    const asked = acting(drawn);
    const first = planRound(asked);
    const kept = first.planned.flatMap(({ verdicts }) => verdicts.map(({ reason }) => reason.why));
    if (kept.some((why) => TURNS.has(why))) return;

    const second = planRound({ ...asked, world: afterSteps(asked.world, first.planned) });

    expect(stepsOf({ ...second, planned: second.planned.filter(({ kind }) => kind !== "backup") })).toEqual(
      [],
    );
  }, 100);
});
