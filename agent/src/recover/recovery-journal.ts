/**
 * What a recovery has begun and done, on disk before its effect: run again after whatever ended it, it goes on where it was,
 * and knows what is its own work.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { instantSchema } from "@shipkeeper/model";
import { dumpMadeSchema } from "@shipkeeper/policy";
import { writeFileDurably } from "@shipkeeper/runtime";
import * as z from "zod";

const recordSchema = z.object({
  hostId: z.string(),
  repository: z.string(),
  startedAt: instantSchema,
  /** The points in time that it restores, so that going on does not mix two. */
  points: z.array(
    z.object({
      dataset: z.string(),
      restorePoint: z.string(),
      at: instantSchema,
      dump: dumpMadeSchema.optional(),
    }),
  ),
  steps: z.record(z.string(), z.enum(["begun", "done"])),
});
type RecoveryRecord = z.infer<typeof recordSchema>;

export type RecoveryJournal = ReturnType<typeof openRecovery>;

/** The recovery of a host that was begun before, or a new one. Throws where its file cannot be read or written. */
export function openRecovery(folder: string, first: Omit<RecoveryRecord, "steps">) {
  const file = join(folder, `${first.hostId}.json`);
  const record: RecoveryRecord = readRecord(file) ?? { ...first, steps: {} };
  const keep = () => writeFileDurably(file, `${JSON.stringify(record, null, 2)}\n`, 0o600);

  return {
    startedAt: record.startedAt,
    points: record.points,
    repository: record.repository,
    begun: (): ReadonlySet<string> => new Set(Object.keys(record.steps)),
    isDone: (step: string): boolean => record.steps[step] === "done",
    begin(step: string): void {
      record.steps[step] = "begun";
      keep();
    },
    done(step: string): void {
      record.steps[step] = "done";
      keep();
    },
    /** Nothing is left to go on with. */
    close(): void {
      rmSync(file, { force: true });
    },
  };
}

function readRecord(file: string): RecoveryRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`cannot go on with the recovery in ${file}: remove it to begin anew`, { cause: error });
  }
}
