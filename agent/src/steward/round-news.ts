import { HOUR_MS, type Instant } from "@shipkeeper/kit";
import { isStep, ruleKey, type PlannedRule, type Round } from "@shipkeeper/policy";

/** A rule whose plan stays the same is told again this often, so that the collector sees it alive. */
const TELL_AGAIN_MS = HOUR_MS;

/** Remembers what was told of each rule, so that a round is told when it says something new. */
export function roundNews() {
  const told = new Map<string, { mark: string; at: Instant }>();

  return {
    /** Whether the round acts, or comes to another plan for any rule than the last one told. */
    isNews(round: Round): boolean {
      const marks = marksOf(round);
      return (
        round.planned.some(acts) ||
        marks.some(([key, mark]) => {
          const last = told.get(key);
          return last?.mark !== mark || round.at - last.at >= TELL_AGAIN_MS;
        })
      );
    },

    noteTold(round: Round): void {
      for (const [key, mark] of marksOf(round)) told.set(key, { mark, at: round.at });
    },
  };
}

/** Whether the rule is going to change something on the host. */
export function acts({ mode, verdicts }: PlannedRule): boolean {
  return mode === "enforce" && verdicts.some(isStep);
}

/** What a plan says, without the ages and times that move on by themselves. Rules that wait for their time say nothing. */
function marksOf({ planned, waiting }: Round): [key: string, mark: string][] {
  return [
    ...planned.map(({ policy, rule, mode, heldBackBy, verdicts }): [string, string] => [
      ruleKey(policy, rule),
      JSON.stringify([
        mode,
        heldBackBy,
        verdicts.map(({ target, decision, reason }) => [target.id, decision, reason.why]),
      ]),
    ]),
    ...waiting
      .filter(({ why }) => !why.startsWith("due "))
      .map(({ policy, rule, why }): [string, string] => [ruleKey(policy, rule), why]),
  ];
}
