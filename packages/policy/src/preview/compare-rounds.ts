import { isStep, type Verdict } from "../actions/action.ts";
import type { PlannedRule, Round } from "../round/round.ts";

/** A verdict, and the rule that gave it. */
export interface RuleVerdict {
  readonly rule: PlannedRule;
  readonly verdict: Verdict;
}

/** What two rounds of one host would do differently. Only what rules enforce counts: the rest changes nothing. */
export interface Difference {
  readonly newly: readonly RuleVerdict[];
  readonly noLonger: readonly RuleVerdict[];
}

export function compareRounds(before: Round, after: Round): Difference {
  const [was, will] = [stepsByKey(before), stepsByKey(after)];
  const missingIn = (others: ReadonlyMap<string, RuleVerdict>) => (entry: [string, RuleVerdict]) =>
    others.has(entry[0]) ? [] : [entry[1]];
  return { newly: [...will].flatMap(missingIn(was)), noLonger: [...was].flatMap(missingIn(will)) };
}

/** Every verdict of a round beside its rule. */
export function verdictsOf({ planned }: Round): RuleVerdict[] {
  return planned.flatMap((rule) => rule.verdicts.map((verdict) => ({ rule, verdict })));
}

/** Whether it is a step that would be taken, rather than only told of. */
export function isActed({ rule, verdict }: RuleVerdict): boolean {
  return rule.mode === "enforce" && isStep(verdict);
}

/** Which rule does it makes no difference to what is done; where a copy goes does. */
function stepsByKey(round: Round): Map<string, RuleVerdict> {
  return new Map(
    verdictsOf(round)
      .filter(isActed)
      .map((entry) => {
        const { target, decision, expect } = entry.verdict;
        return [[decision, target.type, target.id, expect?.["repository"] ?? ""].join(" "), entry];
      }),
  );
}
