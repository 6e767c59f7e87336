/**
 * Drills that root began on the host itself. The agent's journal knows none of them: each has a file of its name, and holds
 * a lock on it that the kernel takes back when the program dies.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runIdSchema, type RunId } from "@shipkeeper/model";
import { AlreadyRunning, takeLock } from "@shipkeeper/runtime";
import type { Journal } from "../../ledger/journal.ts";
import { drillsIn, type IsDrill } from "./scratch.ts";

export type HandDrills = ReturnType<typeof handDrills>;

export function handDrills(stateDir: string) {
  const folder = join(stateDir, "drills");
  const fileOf = (runId: RunId) => join(folder, runId);

  return {
    /** Whether what carries the id is of such a drill. */
    has: (runId: RunId): boolean => existsSync(fileOf(runId)),

    /** Those whose program died: what they made is still there. */
    abandoned(): RunId[] {
      const names = existsSync(folder) ? readdirSync(folder) : [];
      return names.flatMap((name) => {
        const runId = runIdSchema.safeParse(name).data;
        return runId !== undefined && isFree(fileOf(runId)) ? [runId] : [];
      });
    },

    /** On disk before anything of it is made. Returns what forgets it, once all of it is gone. */
    begin(runId: RunId): { forget(): void; release(): void } {
      const lock = takeLock(fileOf(runId));
      return {
        release: () => lock.release(),
        forget() {
          lock.release();
          rmSync(fileOf(runId), { force: true });
        },
      };
    },

    forget: (runId: RunId): void => rmSync(fileOf(runId), { force: true }),
  };
}

/** Drills of this host, whoever began them. */
export function allDrills(journal: Pick<Journal, "isRunOf">, stateDir: string): IsDrill {
  const own = drillsIn(journal);
  const byHand = handDrills(stateDir);
  return (runId) => own(runId) || byHand.has(runId);
}

function isFree(file: string): boolean {
  try {
    takeLock(file).release();
    return true;
  } catch (error) {
    if (error instanceof AlreadyRunning) return false;
    throw error;
  }
}
