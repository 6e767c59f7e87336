/** Has a whole host rebuilt on this one for a try, and files the receipt. */
import { assert } from "@shipkeeper/kit";
import { catalog, expectRebuild, firstChange } from "@shipkeeper/policy";
import type { ActionHandler } from "./apply-plan.ts";
import { settleDrill, takeDrill } from "./drill/take-drill.ts";
import { rebuild } from "./rebuild/rebuild.ts";

export const rebuildHandler: ActionHandler = {
  // Works on nothing that is anybody else's.
  exclusive: false,
  freesSpace: false,

  async take(verdict, context) {
    assert(verdict.decision === "rebuild", `rebuild knows no decision ${verdict.decision}`);
    const { restic } = context;
    if (restic === undefined) return { status: "skipped", why: "no-restic" };
    const spec = catalog.rebuild.spec.parse(context.spec);
    if (firstChange(verdict.expect ?? {}, expectRebuild(spec)) !== undefined)
      return { status: "skipped", why: "changed-since-plan" };
    const request = { spec, restic, recoveryKey: context.recoveryKey() };
    return takeDrill(() => rebuild(request, context), verdict, context);
  },

  settle: settleDrill,
};
