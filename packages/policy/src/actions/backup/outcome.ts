import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { Measures, Outcome } from "../action.ts";

/** What a backup step finds out; written by the agent's handler, read here and by the collector. */
export const backupFactsSchema = z.object({
  /** The repository's id of the restore point. */
  restorePoint: z.string(),
  repository: z.string(),
  dataset: z.string().optional(),
  /** New data that the repository had to store. Of a copy restic does not tell. */
  bytesAdded: countSchema.optional(),
  /** Size of everything that the restore point holds. */
  totalBytes: countSchema,
  files: countSchema,
  durationMs: countSchema,
  /** The longest time that a container stood still for it; absent where none did. */
  quiesceMs: countSchema.optional(),
  /** Each container with its own time: `app 12 s, db 14 s`. */
  quiesced: z.string().optional(),
  /** The moment that its data is of. */
  dataAt: instantSchema.optional(),
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
    bytesStored: sum(({ bytesAdded }) => bytesAdded ?? 0),
    filesRead: sum(({ files }) => files),
    backupMs: sum(({ durationMs }) => durationMs),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
