import * as z from "zod";
import type { Measures, Outcome } from "../action.ts";

/** What a restart step finds out when its health check had time to tell. */
export const restartFactsSchema = z.object({
  healed: z.boolean(),
  /** From the order to stop until the container ran again. */
  downtimeMs: z.int().min(0).optional(),
});
export type RestartFacts = z.infer<typeof restartFactsSchema>;

export function measureRestart({ steps }: Outcome): Measures {
  const done = steps.filter(({ status }) => status === "done");
  const facts = done.flatMap((step) => restartFactsSchema.safeParse(step.facts).data ?? []);
  return {
    restarts: done.length,
    healed: facts.filter(({ healed }) => healed).length,
    downtimeMs: facts.reduce((total, { downtimeMs }) => total + (downtimeMs ?? 0), 0),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
