import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { Measures, Outcome } from "../action.ts";

/** What a backup step finds out; written by the agent's handler, read here and by the collector. */
export const backupFactsSchema = z.object({
  /** The repository's id of the restore point. */
  restorePoint: z.string(),
  repository: z.string(),
  /** New data that the repository had to store. */
  bytesAdded: countSchema,
  /** Size of everything that the restore point holds. */
  totalBytes: countSchema,
  files: countSchema,
  durationMs: countSchema,
});
export type BackupFacts = z.infer<typeof backupFactsSchema>;

/** A step that is done but cannot name its restore point made none. */
export function measureBackup({ steps }: Outcome): Measures {
  const made = steps.flatMap(({ status, facts }) => {
    const parsed = backupFactsSchema.safeParse(facts);
    return status === "done" && parsed.success ? [parsed.data] : [];
  });
  const sum = (of: (facts: BackupFacts) => number) => made.reduce((total, facts) => total + of(facts), 0);
  return {
    restorePoints: made.length,
    bytesRead: sum(({ totalBytes }) => totalBytes),
    bytesStored: sum(({ bytesAdded }) => bytesAdded),
    filesRead: sum(({ files }) => files),
    backupMs: sum(({ durationMs }) => durationMs),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
