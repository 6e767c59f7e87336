/**
 * Rules that would get in each other's way: of one kind and one mode, about the same things, on the same hosts. The round
 * lets only one of them act, so that the other never does what its author expects.
 */
import { actionKind } from "../actions/catalog.ts";
import type { Rule } from "./policy.ts";
import type { Problem } from "./problem.ts";

/** A rule, whose it is, and where it stands. */
export interface PlacedRule {
  readonly policy: string;
  readonly rule: Rule;
  readonly place: Problem;
}

/** The overlaps among rules of policies that select the same hosts, each told at the later rule. */
export function overlapProblems(rules: readonly PlacedRule[]): { policy: string; problem: Problem }[] {
  const alike = Map.groupBy(rules, ({ rule }) => `${rule.kind} ${rule.mode}`);
  return [...alike.values()].flatMap((some) => {
    const decoded = some.map((one) => ({
      ...one,
      spec: actionKind(one.rule.kind)?.spec.parse(one.rule.spec),
    }));
    return decoded.flatMap((second, index) => {
      for (const first of decoded.slice(0, index)) {
        const isSecondName = first.policy === second.policy && first.rule.name === second.rule.name;
        const both = actionKind(first.rule.kind)?.overlap?.(first.spec, second.spec);
        if (isSecondName || both === undefined) continue;
        return [
          { policy: second.policy, problem: { ...second.place, message: sentence(first, second, both) } },
        ];
      }
      return [];
    });
  });
}

function sentence(first: PlacedRule, second: PlacedRule, both: string): string {
  const whose = first.policy === second.policy ? "" : ` of policy ${first.policy}`;
  const at = `${first.place.file}:${first.place.line}`;
  return `overlaps with ${first.rule.kind} ${first.rule.name}${whose} (${at}): both are about ${both}, on the same hosts; keep one of them`;
}
