import { HOUR_MS, SECOND_MS } from "@shipkeeper/kit";

/** How often a rule is looked at whose drills are due so often: another drill may be under way, and what failed is tried again. */
export function lookOften(everyMs: number): { readonly everyMs: number } {
  return { everyMs: Math.min(HOUR_MS, Math.max(SECOND_MS, Math.floor(everyMs / 4))) };
}
