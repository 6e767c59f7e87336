import { MINUTE_MS } from "@shipkeeper/kit";
import { actionKind } from "../actions/catalog.ts";
import { ruleKey, rulesFor } from "../language/compile.ts";
import type { RoundQuestion } from "./plan-round.ts";
import { outsideHostWindows } from "./reason-to-wait.ts";

/** What a rule could not mend the last time, it cannot mend a moment later. */
const AGAIN_MS = 10 * MINUTE_MS;

/**
 * `ruleKey` of the scheduled rules that something on the host wants looked at before their time. It changes when, never
 * what; windows hold all the same.
 */
export function urgentRules({
  bundle,
  world,
  lastRuns,
}: Pick<RoundQuestion, "bundle" | "world" | "lastRuns">): ReadonlySet<string> {
  const urgent = rulesFor(bundle, world.hostLabels).filter((entry) => {
    const { policy, rule } = entry;
    const kind = actionKind(rule.kind);
    if (kind?.urgent === undefined) return false;
    const ranAt = lastRuns.get(ruleKey(policy.name, rule.name)) ?? -Infinity;
    if (ranAt <= world.now && world.now - ranAt < AGAIN_MS) return false;
    const spec = kind.spec.safeParse(rule.spec);
    return spec.success && kind.urgent(spec.data, world) && outsideHostWindows(entry, world) === undefined;
  });
  return new Set(urgent.map(({ policy, rule }) => ruleKey(policy.name, rule.name)));
}
