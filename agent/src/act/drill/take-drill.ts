/** What steps that drill have in common, of one dataset or of a whole host: one at a time, nothing left, a receipt filed. */
import type { DrillFacts, Proof, Verdict } from "@shipkeeper/policy";
import type { DrillReceipt } from "@shipkeeper/protocol";
import type { ActContext, SettleContext } from "../action-context.ts";
import type { StepResult } from "../apply-plan.ts";
import { removeOwnScratch, withCleanUp } from "./clean-up.ts";
import { removeScratch } from "./scratch.ts";

/** What is claimed for the time of a drill, beside no container: a host has one drill at a time. */
const DRILL_CLAIM = "drill";

/** Nothing that `work` made is left when this ends. */
export async function takeDrill(
  work: () => Promise<DrillReceipt>,
  verdict: Verdict,
  context: ActContext,
): Promise<StepResult> {
  const release = context.claims.take(DRILL_CLAIM, "drill");
  if (release === undefined) return { status: "skipped", why: "busy" };
  try {
    // What an earlier one could not clean up is gone before the next begins.
    await removeScratch((runId) => context.isDrill(runId), context);
    return fileReceipt(await withCleanUp(work, context), verdict, context);
  } finally {
    release();
  }
}

/** A drill that was cut off proved nothing: what it had made goes, and it stays due. */
export async function settleDrill(_: unknown, context: SettleContext): Promise<StepResult> {
  await removeOwnScratch(context);
  return { status: "skipped", why: "cut-off" };
}

/** Remembers and tells what the drill proved, before its step counts as over. */
function fileReceipt(receipt: DrillReceipt, { bytes }: Verdict, context: ActContext): StepResult {
  context.fileReceipt(receipt);
  const { id, dataset, repository, restorePoint, passed, rtoMs, rpoMs, finishedAt: at } = receipt;
  const restoreMs = receipt.phases.find(({ phase }) => phase === "fetch")?.ms;
  const facts: DrillFacts = {
    receipt: id,
    repository,
    ...(restorePoint !== undefined && { restorePoint }),
    ...(rtoMs !== undefined && { rtoMs }),
    ...(rpoMs !== undefined && { rpoMs }),
    ...(bytes !== undefined && { bytes }),
    ...(passed && restoreMs !== undefined && { restoreMs }),
  };
  const message = passed ? undefined : troubleOf(receipt);
  const proof: Proof = { at, level: "drill", repository, dataset, passed, facts: { ...facts } };
  context.prove({
    ...proof,
    ...(restorePoint !== undefined && { restorePoint }),
    ...(message !== undefined && { message }),
  });
  if (message === undefined) return { status: "done", facts: { ...facts } };
  return { status: "failed", error: message, facts: { ...facts } };
}

function troubleOf({ failure, assertions }: DrillReceipt): string {
  const failed = assertions.find(({ passed }) => !passed);
  return failure ?? (failed === undefined ? "nothing was asserted" : `${failed.assert}: ${failed.said}`);
}
