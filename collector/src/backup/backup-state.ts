/** How the collector's own backups stand. In a file beside the database, so that a command and the collector can both tell. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countSchema, instantSchema } from "@shipkeeper/model";
import { writeFileDurably } from "@shipkeeper/runtime";
import * as z from "zod";

const backupStateSchema = z.object({
  /** The newest restore point: everything from before `dataAt` is in it. */
  newest: z
    .object({
      restorePoint: z.string(),
      dataAt: instantSchema,
      bytes: countSchema,
      addedBytes: countSchema,
      tookMs: countSchema,
    })
    .optional(),
  /** The last drill that brought the database back whole. */
  drilled: z
    .object({ restorePoint: z.string(), at: instantSchema, dataAt: instantSchema, tookMs: countSchema })
    .optional(),
  /** What went wrong last, where nothing went well since. */
  problem: z
    .object({ doing: z.enum(["backup", "drill"]), since: instantSchema, message: z.string() })
    .optional(),
});
export type BackupState = z.infer<typeof backupStateSchema>;

const fileIn = (dataDir: string): string => join(dataDir, "backup-state.json");

/** Nothing where nothing was ever backed up; what cannot be read is as nothing. */
export function readBackupState(dataDir: string): BackupState {
  try {
    return backupStateSchema.parse(JSON.parse(readFileSync(fileIn(dataDir), "utf8")));
  } catch {
    return {};
  }
}

export function writeBackupState(dataDir: string, state: BackupState): void {
  writeFileDurably(fileIn(dataDir), JSON.stringify(state), 0o600);
}
