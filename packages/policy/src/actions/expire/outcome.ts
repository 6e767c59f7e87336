import * as z from "zod";
import type { Measures, Outcome } from "../action.ts";

/** What a stop finds out. */
export const stopFactsSchema = z.object({
  exitCode: z.int().optional(),
  /** Whether it did not end in the time that it asks for, and was killed. */
  killed: z.boolean(),
});
export type StopFacts = z.infer<typeof stopFactsSchema>;

export function measureExpire({ steps }: Outcome): Measures {
  const done = (wanted: string) =>
    steps.filter(({ decision, status }) => decision === wanted && status === "done");
  const facts = done("stop").flatMap((step) => stopFactsSchema.safeParse(step.facts).data ?? []);
  return {
    announced: done("announce").length,
    stopped: done("stop").length,
    killed: facts.filter(({ killed }) => killed).length,
    containersRemoved: done("remove").length,
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
