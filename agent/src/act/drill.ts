/** Has one dataset restored for a try, and files the receipt. */
import { assert } from "@shipkeeper/kit";
import { containerIdSchema, type Container } from "@shipkeeper/model";
import { catalog, expectDrill, firstChange, takeBackNamed, type Verdict } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler } from "./apply-plan.ts";
import { drill, type DrillRequest } from "./drill/drill.ts";
import { settleDrill, takeDrill } from "./drill/take-drill.ts";

export const drillHandler: ActionHandler = {
  // Works on nothing that is anybody else's.
  exclusive: false,
  freesSpace: false,

  async take(verdict, context) {
    assert(verdict.decision === "drill", `drill knows no decision ${verdict.decision}`);
    const { restic } = context;
    if (restic === undefined) return { status: "skipped", why: "no-restic" };
    const source = await sourceOf(verdict, context);
    const takeBack = takeBackOf(verdict, context);
    if (source === "changed" || takeBack === "changed")
      return { status: "skipped", why: "changed-since-plan" };
    const { dataset, repository } = verdict.expect ?? {};
    const request = {
      dataset: String(dataset),
      repository: String(repository),
      source,
      takeBack,
      spec: catalog.drill.spec.parse(context.spec),
      restic,
      remembered: (at: number) => context.fileSamples.of(String(dataset), at),
    };
    return takeDrill(() => drill(request, context), verdict, context);
  },

  settle: settleDrill,
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
