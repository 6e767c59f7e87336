/** One backup or one drill of the collector, and what is to be remembered of it. Never two at once. */
import { join } from "node:path";
import { errorChain, printable, type Clock } from "@shipkeeper/kit";
import { takeLock } from "@shipkeeper/runtime";
import type { BackupConfig } from "../config.ts";
import { readBackupState, writeBackupState, type BackupState } from "./backup-state.ts";
import { openOwnBackup, type OwnBackup } from "./own-backup.ts";

export interface OwnPlace {
  readonly dataDir: string;
  readonly config: BackupConfig;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

export const DATABASE_FILE = "collector.db";

/** Throws what went wrong, after it was written down; `AlreadyRunning` where another program is at it. */
export function backUpCollector(place: OwnPlace): Promise<BackupState> {
  return remembering("backup", place, async (own, startedAt) => {
    const made = await own.backUp(join(place.dataDir, DATABASE_FILE), startedAt);
    return { newest: { ...made, tookMs: place.clock() - startedAt } };
  });
}

/** Throws as `backUpCollector` does. */
export function drillCollector(place: OwnPlace): Promise<BackupState> {
  return remembering("drill", place, async (own, startedAt) => {
    const { restorePoint, manifest } = await own.drill();
    const tookMs = place.clock() - startedAt;
    return { drilled: { restorePoint, at: startedAt, dataAt: manifest.takenAt, tookMs } };
  });
}

const MOST_MESSAGE = 500;

async function remembering(
  doing: NonNullable<BackupState["problem"]>["doing"],
  { dataDir, config, clock, signal }: OwnPlace,
  work: (own: OwnBackup, startedAt: number) => Promise<BackupState>,
): Promise<BackupState> {
  const lock = takeLock(join(dataDir, "backup.lock"));
  const before = readBackupState(dataDir);
  try {
    const own = await openOwnBackup({ config, dataDir, signal });
    const found = await work(own, clock());
    // A backup that goes well says nothing of a drill that failed.
    const { problem, ...known } = before;
    const state = {
      ...known,
      ...found,
      ...(problem !== undefined && problem.doing !== doing ? { problem } : {}),
    };
    writeBackupState(dataDir, state);
    return state;
  } catch (error) {
    const since = before.problem?.doing === doing ? before.problem.since : clock();
    const message = printable(errorChain(error), MOST_MESSAGE);
    // Told to stop, it did not fail.
    if (signal?.aborted !== true)
      writeBackupState(dataDir, { ...before, problem: { doing, since, message } });
    throw error;
  } finally {
    lock.release();
  }
}
