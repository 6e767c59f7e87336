import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { Measures, Outcome } from "../action.ts";

/** What a drill step finds out; written by the agent's handler, read here and by the collector. */
export const drillFactsSchema = z.object({
  /** Id of the receipt. */
  receipt: z.string(),
  repository: z.string(),
  restorePoint: z.exactOptional(z.string()),
  /** From the request until all assertions had passed; absent where that never came. */
  rtoMs: z.exactOptional(countSchema),
  rpoMs: z.exactOptional(countSchema),
  bytes: z.exactOptional(countSchema),
  restoreMs: z.exactOptional(countSchema),
});
export type DrillFacts = z.infer<typeof drillFactsSchema>;

/** A drill that ended without its receipt proved nothing. */
export function measureDrill({ steps }: Outcome): Measures {
  const drilled = steps.flatMap(({ status, facts }) => {
    const parsed = drillFactsSchema.safeParse(facts);
    return parsed.success ? [{ passed: status === "done", ...parsed.data }] : [];
  });
  const passed = drilled.filter((drill) => drill.passed);
  return {
    drillsPassed: passed.length,
    drillsFailed: drilled.length - passed.length,
    drillBytes: drilled.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    drillMs: passed.reduce((sum, { rtoMs = 0 }) => sum + rtoMs, 0),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
