/** Lets restore points go, one at a time, and has each repository give back their space once, after the last of them. */
import { assert, errorChain } from "@shipkeeper/kit";
import type { Verdict } from "@shipkeeper/policy";
import type { ActionHandler } from "./apply-plan.ts";
import { resticOf } from "./restic-of.ts";
import { tellRestorePoints } from "./restore-points-told.ts";

export const retainHandler: ActionHandler = {
  // Changes nothing of the host; restic's own locks keep it from whoever works in the repository.
  exclusive: false,
  freesSpace: false,

  /** A restore point never changes under its id: all that can have happened to it is that it is gone, which is as well. */
  async take(verdict, context) {
    assert(verdict.decision === "forget", `retain knows no decision ${verdict.decision}`);
    const repository = repositoryOf(verdict);
    await resticOf(context).forgetOne(repository, verdict.target.id, context.signal);
    return { status: "done", facts: { repository } };
  },

  async finish(outcomes, context) {
    const { restic, signal } = context;
    if (restic === undefined || signal.aborted) return;
    const forgotten = outcomes.filter(({ status }) => status === "done");
    const repositories = new Set(forgotten.map(({ facts }) => String(facts?.["repository"])));
    for (const repository of repositories) {
      try {
        await restic.prune(repository, signal);
        await restic.storedBytes(repository, signal);
      } catch (error) {
        context.trouble(
          "retention_failed",
          `repository ${repository} does not give back what was forgotten: ${errorChain(error)}`,
        );
      }
      await tellRestorePoints(repository, restic, context);
    }
  },

  async settle({ verdict }, { restic, hostId, signal }) {
    if (restic === undefined) return { status: "unknown", why: "no-restic" };
    const listed = await restic.snapshots(repositoryOf(verdict), { hostId }, signal);
    return listed.some(({ id }) => id === verdict.target.id)
      ? { status: "skipped", why: "cut-off" }
      : { status: "done", why: "found-gone" };
  },
};

function repositoryOf({ expect }: Verdict): string {
  const repository = expect?.["repository"];
  assert(typeof repository === "string", "a step of retention names its repository");
  return repository;
}
