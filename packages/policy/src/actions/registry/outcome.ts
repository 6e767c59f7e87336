import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { Measures, Outcome } from "../action.ts";

/** What a step finds out; written by the agent's handler, read here and by the collector. */
export const registryFactsSchema = z.object({
  /** Tags that went with the digest. */
  tags: countSchema,
  /** What garbage collection can free after it: an estimate from the sizes that the registry told. */
  reclaimableBytes: countSchema,
});
export type RegistryFacts = z.infer<typeof registryFactsSchema>;

/** Nothing is free yet: a registry gives space back only when its own garbage collection runs. */
export function measureRegistry({ steps }: Outcome): Measures {
  const done = steps.flatMap(({ status, facts }) => {
    const parsed = registryFactsSchema.safeParse(facts);
    return status === "done" && parsed.success ? [parsed.data] : [];
  });
  return {
    manifestsDeleted: done.length,
    tagsDeleted: done.reduce((total, { tags }) => total + tags, 0),
    reclaimableBytes: done.reduce((total, { reclaimableBytes }) => total + reclaimableBytes, 0),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
