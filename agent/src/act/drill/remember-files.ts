import { errorChain, SECOND_MS, type Instant } from "@shipkeeper/kit";
import type { DatasetId } from "@shipkeeper/policy";
import type { BackupMade } from "@shipkeeper/restic";
import type { ActContext } from "../action-context.ts";
import { sampleUnchanged } from "./file-sample.ts";

/** The time in a file's inode may lag behind the clock by a tick of the kernel. */
const TICK_MS = SECOND_MS;

/**
 * Keeps of a folder that was just backed up how many files there are, and what a few of them are, for drills to come. Where
 * that fails the backup is as good as without.
 */
export async function rememberFiles(
  folder: string,
  {
    dataset,
    made,
    startedAt,
  }: { readonly dataset: DatasetId; readonly made: BackupMade; readonly startedAt: Instant },
  { fileSamples, signal, log }: Pick<ActContext, "fileSamples" | "signal" | "log">,
): Promise<void> {
  try {
    const before = startedAt - TICK_MS;
    const sample = await sampleUnchanged(folder, { before, random: Math.random, signal });
    fileSamples.put(dataset, made.snapshot.at, { files: made.files, sample });
  } catch (error) {
    log.warn({ dataset, error: errorChain(error) }, "no files are remembered of a backup");
  }
}
