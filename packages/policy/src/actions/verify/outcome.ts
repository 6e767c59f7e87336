import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { Measures, Outcome } from "../action.ts";

/** What a step of verification finds out; written by the agent's handler, read here. */
export const verifyFactsSchema = z.object({
  passed: z.boolean(),
  /** Packs that were read, of a repository. */
  packsRead: countSchema.default(0),
  /** Files that were equal to their source. */
  filesEqual: countSchema.default(0),
  durationMs: countSchema,
});
export type VerifyFacts = z.infer<typeof verifyFactsSchema>;

export function measureVerify({ steps }: Outcome): Measures {
  const looks = steps.flatMap(({ status, facts }) => {
    const parsed = verifyFactsSchema.safeParse(facts);
    return status === "done" && parsed.success ? [parsed.data] : [];
  });
  const sum = (of: (facts: VerifyFacts) => number) => looks.reduce((total, facts) => total + of(facts), 0);
  return {
    proofs: looks.length,
    foundBad: looks.filter(({ passed }) => !passed).length,
    packsRead: sum(({ packsRead }) => packsRead),
    filesCompared: sum(({ filesEqual }) => filesEqual),
    verifyMs: sum(({ durationMs }) => durationMs),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
