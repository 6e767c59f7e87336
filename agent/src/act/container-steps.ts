import type { Removal } from "@shipkeeper/docker";
import type { Container, ContainerId } from "@shipkeeper/model";
import { expectContainer, firstChange, type Verdict } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import type { StepResult } from "./apply-plan.ts";

export const GONE: StepResult = { status: "skipped", why: "already-gone" };
export const IN_USE: StepResult = { status: "skipped", why: "in-use" };

/** How a step ends by the engine's answer to a removal. */
export function resultOf(removal: Removal): StepResult {
  if (removal === "in-use") return IN_USE;
  return removal === "removed" ? { status: "done" } : GONE;
}

/** The container as it is now, or how the step ends where it is no longer what the plan relied on. */
export async function lookAgain(
  verdict: Verdict,
  { engine }: Pick<ActContext, "engine">,
): Promise<{ readonly container: Container } | { readonly end: StepResult }> {
  const container = await engine.container(verdict.target.id as ContainerId);
  if (container === undefined) return { end: GONE };
  const changed = firstChange(verdict.expect ?? {}, expectContainer(container));
  if (changed === undefined) return { container };
  return { end: { status: "skipped", why: "changed-since-plan", facts: { changed } } };
}

/** Never forces: the engine's own refusal guards against what changed since the plan. */
export async function removeContainer(
  verdict: Verdict,
  { engine }: Pick<ActContext, "engine">,
): Promise<StepResult> {
  const seen = await lookAgain(verdict, { engine });
  if ("end" in seen) return seen.end;
  return resultOf(await engine.removeContainer(seen.container.id));
}
