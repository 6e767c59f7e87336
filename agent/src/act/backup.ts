/**
 * Backs up datasets with restic: to one repository while nobody writes to them, then copies to the others while everybody
 * does.
 */
import { tag } from "@shipkeeper/restic";
import type { ActionHandler } from "./apply-plan.ts";
import { readBackupStep } from "./backup-step.ts";
import { factsOf, takeBackup, takeCopy } from "./backup-take.ts";
import { proveListed } from "./prove-listed.ts";
import { restorePointOf, tellRestorePoints } from "./restore-points-told.ts";

export const backupHandler: ActionHandler = {
  // Who is paused or stopped is claimed; others may restart or prune meanwhile.
  exclusive: false,
  freesSpace: false,

  async take(verdict, context) {
    const step = readBackupStep(verdict);
    const take = verdict.decision === "copy" ? takeCopy : takeBackup;
    return take(step, verdict.expect ?? {}, context);
  },

  /** What the repositories hold now is told, and proves what was made. */
  async finish(outcomes, context) {
    const restic = context.restic;
    if (restic === undefined || context.signal.aborted) return;
    const done = outcomes.filter(({ status }) => status === "done");
    const repositories = Map.groupBy(done, ({ facts }) => String(facts?.["repository"]));
    for (const [repository, steps] of repositories) {
      const points = await tellRestorePoints(repository, restic, context);
      if (points === undefined) continue;
      const made = steps.map(({ target, facts }) => ({
        id: String(facts?.["restorePoint"]),
        dataset: target.id,
      }));
      proveListed(repository, made, points, context);
    }
  },

  /**
   * The restore point carries the run's id: either it is there, or nothing of the run is. One that was made while
   * containers stood still, or of a dump, may be of after the agent's end, and is none.
   */
  async settle({ verdict, startedAt }, { restic, hostId, runId, signal, clock }) {
    if (restic === undefined) return { status: "unknown", why: "no-restic" };
    const { id: dataset, repository, consistency } = readBackupStep(verdict);
    const tags = [tag("dataset", dataset), tag("run", runId)];
    const [snapshot] = await restic.snapshots(repository, { hostId, tags }, signal);
    if (snapshot === undefined) return { status: "skipped", why: "cut-off" };
    if (verdict.decision === "back-up" && consistency !== "none") {
      await restic.disown(repository, { hostId, dataset, runId });
      return {
        status: "failed",
        why: "cut-off",
        error: "the agent ended before its data was known to be whole",
      };
    }
    const point = restorePointOf(snapshot, repository);
    const facts = factsOf(point, { downtimes: [], durationMs: clock() - startedAt });
    return { status: "done", why: "found-made", facts };
  },
};
