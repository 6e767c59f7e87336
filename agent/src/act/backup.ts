/**
 * Backs up datasets with restic: to one repository while nobody writes to them, then copies to the others while everybody
 * does. Old restore points of the rule go afterwards.
 */
import { errorChain } from "@shipkeeper/kit";
import { catalog, type StepOutcome } from "@shipkeeper/policy";
import { tag, type Restic } from "@shipkeeper/restic";
import type { ActContext } from "./action-context.ts";
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

  /** Retention first: only datasets that were backed up well lose old restore points. Then what is left is told. */
  async finish(outcomes, context) {
    const restic = context.restic;
    if (restic === undefined || context.signal.aborted) return;
    const done = outcomes.filter(({ status }) => status === "done");
    const repositories = Map.groupBy(done, ({ facts }) => String(facts?.["repository"]));
    for (const [repository, steps] of repositories) {
      try {
        await forgetOld(repository, steps, restic, context);
      } catch (error) {
        const message = `old restore points stay in repository ${repository}: ${errorChain(error)}`;
        context.trouble("retention_failed", message);
      }
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

async function forgetOld(
  repository: string,
  steps: readonly StepOutcome[],
  restic: Restic,
  { hostId, policy, rule, spec, signal }: ActContext,
): Promise<void> {
  const { within } = catalog.backup.spec.parse(spec).keep;
  let forgotten = 0;
  for (const { target } of steps) {
    const request = { hostId, dataset: target.id, policy, rule, keepWithinMs: within };
    forgotten += await restic.forget(repository, request, signal);
  }
  if (forgotten > 0) await restic.prune(repository, signal);
}
