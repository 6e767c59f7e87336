import type { Measures, Outcome } from "../action.ts";

/** What the repositories give back shows only once they are pruned, and is no figure of a run. */
export function measureRetain({ steps }: Outcome): Measures {
  return {
    restorePointsForgotten: steps.filter(({ status }) => status === "done").length,
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
