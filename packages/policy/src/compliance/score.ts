import type { Severity } from "./check.ts";
import type { Tally } from "./finding.ts";

/** What one judged thing counts for: each level twice the one below. */
export const SEVERITY_WEIGHTS: Readonly<Record<Severity, number>> = {
  critical: 8,
  high: 4,
  medium: 2,
  low: 1,
};

/**
 * How far things are as the policies want them, from 0 to 100: the share of what was judged that passed, each judgement
 * weighted by the severity of its check. Rounded down, so that 100 means that nothing failed. Undefined where nothing
 * was judged: no policy is not the same as no fault. What a waiver covers has passed, what is unknown is left out.
 */
export function scoreOf(
  tallies: Iterable<Pick<Tally, "severity" | "checked" | "passed">>,
): number | undefined {
  let most = 0;
  let reached = 0;
  for (const { severity, checked, passed } of tallies) {
    most += checked * SEVERITY_WEIGHTS[severity];
    reached += passed * SEVERITY_WEIGHTS[severity];
  }
  return most === 0 ? undefined : Math.floor((100 * reached) / most);
}
