/** Has one dataset restored for a try, and files the receipt. */
import { assert } from "@shipkeeper/kit";
import { containerIdSchema, type Container } from "@shipkeeper/model";
import {
  catalog,
  expectDrill,
  firstChange,
  takeBackNamed,
  type DrillFacts,
  type Proof,
  type Verdict,
} from "@shipkeeper/policy";
import type { DrillReceipt } from "@shipkeeper/protocol";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler, StepResult } from "./apply-plan.ts";
import { removeOwnScratch, withCleanUp } from "./drill/clean-up.ts";
import { drill, type DrillRequest } from "./drill/drill.ts";
import { removeScratch } from "./drill/scratch.ts";

/** What is claimed for the time of a drill, beside no container: a host has one drill at a time. */
const DRILL_CLAIM = "drill";

export const drillHandler: ActionHandler = {
  // Works on nothing that is anybody else's.
  exclusive: false,
  freesSpace: false,

  async take(verdict, context) {
    assert(verdict.decision === "drill", `drill knows no decision ${verdict.decision}`);
    const { restic, claims } = context;
    if (restic === undefined) return { status: "skipped", why: "no-restic" };
    const source = await sourceOf(verdict, context);
    const takeBack = takeBackOf(verdict, context);
    if (source === "changed" || takeBack === "changed")
      return { status: "skipped", why: "changed-since-plan" };
    const release = claims.take(DRILL_CLAIM, "drill");
    if (release === undefined) return { status: "skipped", why: "busy" };
    try {
      // What an earlier one could not clean up is gone before the next begins.
      await removeScratch((runId) => context.isDrill(runId), context);
      const { dataset, repository } = verdict.expect ?? {};
      const spec = catalog.drill.spec.parse(context.spec);
      const request = {
        dataset: String(dataset),
        repository: String(repository),
        source,
        takeBack,
        spec,
        restic,
      };
      const remembered = (at: number) => context.fileSamples.of(request.dataset, at);
      const receipt = await withCleanUp(() => drill({ ...request, remembered }, context), context);
      return file(receipt, verdict, context);
    } finally {
      release();
    }
  },

  /** A drill that was cut off proved nothing: what it had made goes, and it stays due. */
  async settle(_, context) {
    await removeOwnScratch(context);
    return { status: "skipped", why: "cut-off" };
  },
};

/** The container that is tried out, as it is now; undefined where none is, `changed` where it is another by now. */
async function sourceOf(
  { expect = {} }: Verdict,
  { engine, signal }: ActContext,
): Promise<Container | undefined | "changed"> {
  const { dataset, repository, container: id, hook } = expect;
  if (id === undefined) return undefined;
  const container = await engine.container(containerIdSchema.parse(id), { signal });
  const same = {
    dataset: String(dataset),
    repository: String(repository),
    ...(hook !== undefined && { hook: String(hook) }),
  };
  const now = expectDrill({ ...same, container });
  return container === undefined || firstChange(expect, now) !== undefined ? "changed" : container;
}

/** What takes a dump back; undefined where there is none to take, `changed` where root took it out of the guardrails. */
function takeBackOf(
  { expect = {} }: Verdict,
  { guardrails }: ActContext,
): DrillRequest["takeBack"] | "changed" {
  if (expect["hook"] === undefined) return undefined;
  const hook = String(expect["hook"]);
  const program = takeBackNamed(guardrails().hooks, hook);
  return program === undefined ? "changed" : { hook, program };
}

/** Remembers and tells what the drill proved, before its step counts as over. */
function file(receipt: DrillReceipt, { bytes }: Verdict, context: ActContext): StepResult {
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
