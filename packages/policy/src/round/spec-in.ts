import type { PolicyBundle } from "../language/policy.ts";
import type { PlannedRule } from "./round.ts";

/** What the bundle says of a planned rule, undecoded; undefined where it has no such rule. */
export function specIn(
  bundle: PolicyBundle,
  { policy, rule }: Pick<PlannedRule, "policy" | "rule">,
): unknown {
  return bundle.policies.find(({ name }) => name === policy)?.rules.find(({ name }) => name === rule)?.spec;
}
