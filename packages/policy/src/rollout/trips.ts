import { ruleKey } from "../language/compile.ts";
import type { Round } from "../round/round.ts";

/**
 * The rules of a round that wanted more than the host's guardrails allow in a run or a day, by `ruleKey`. What a
 * `neverTouch` protects does not count: it stands there to be met by every plan.
 */
export function guardrailTrips({ planned }: Pick<Round, "planned">): string[] {
  return planned
    .filter(({ mode, verdicts }) => mode === "enforce" && verdicts.some(({ reason }) => isTrip(reason)))
    .map(({ policy, rule }) => ruleKey(policy, rule));
}

/** Planners call a limit by the place that it stands in: `guardrails limits.perRun.images`. */
function isTrip(reason: { readonly why: string; readonly limit?: unknown }): boolean {
  return reason.why === "limit" && typeof reason.limit === "string" && reason.limit.startsWith("guardrails ");
}
