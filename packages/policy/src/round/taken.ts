import { isStep, type Verdict } from "../actions/action.ts";
import type { PlannedRule } from "./round.ts";
import { addCounts, NO_STEPS, type StepCounts } from "./step-counts.ts";

/** What the enforcing rules of a round are going to do so far, so that no later one plans it again. */
export interface Taken {
  /** Target and place → the rule that takes it. */
  readonly steps: ReadonlyMap<string, string>;
  readonly counts: StepCounts;
}

export const NOTHING_TAKEN: Taken = { steps: new Map(), counts: NO_STEPS };

export function takenBy({ mode, rule, verdicts }: PlannedRule, before: Taken): Taken {
  const steps = mode === "enforce" ? verdicts.filter(isStep) : [];
  const taken = (type: string, ...decisions: string[]) =>
    steps.filter(({ target, decision }) => target.type === type && decisions.includes(decision)).length;
  return {
    steps: new Map([...before.steps, ...steps.map((step) => [placeOf(step), rule] as const)]),
    counts: addCounts(before.counts, {
      images: taken("image", "remove"),
      containers: taken("container", "stop", "remove"),
      volumes: taken("volume", "remove"),
      networks: taken("network", "remove"),
      restarts: taken("container", "restart", "kill", "recreate"),
    }),
  };
}

/** Steps that an earlier rule takes become waits that name it. */
export function dropTaken(verdicts: readonly Verdict[], { steps }: Taken): Verdict[] {
  return verdicts.map((verdict) => {
    const rule = isStep(verdict) ? steps.get(placeOf(verdict)) : undefined;
    if (rule === undefined) return verdict;
    const { expect, ...rest } = verdict;
    const repository = expect?.["repository"];
    const where = repository === undefined ? {} : { repository };
    return { ...rest, decision: "wait", reason: { why: "taken-by-rule", rule, ...where } };
  });
}

/** One volume may go to two repositories in one round, but one image goes only once. */
function placeOf({ target, expect }: Verdict): string {
  return [target.type, target.id, expect?.["repository"] ?? ""].join(" ");
}
