/**
 * Walks a plan: every step is written down before it is taken and after, and ends done, skipped, failed or unknown.
 * Decides nothing; one bad step does not stop its neighbours. Only a journal that cannot be written ends the walk,
 * because what is not written down must not happen.
 */
import { errorChain } from "@shipkeeper/kit";
import { isStep, type StepOutcome, type Verdict } from "@shipkeeper/policy";
import type { ActContext, SettleContext } from "./action-context.ts";
import type { OpenStep } from "../ledger/journal.ts";

export type StepResult = Pick<StepOutcome, "status" | "why" | "error" | "facts">;

/** What an action kind does on the host. */
export interface ActionHandler {
  /** Whether a step needs the host's lock, because it changes what others rely on. */
  readonly exclusive: boolean;
  /** Whether the run's effect shows as free space on the engine's disk. */
  readonly freesSpace: boolean;
  /** Looks once more, then does it. Throws where it failed. */
  take(verdict: Verdict, context: ActContext): Promise<StepResult>;
  /** Awaits, without any lock, what became of a step that was taken. */
  verify?(verdict: Verdict, taken: StepResult, context: ActContext): Promise<StepResult>;
  /** After the last step of a run: what concerns all of them. */
  finish?(outcomes: readonly StepOutcome[], context: ActContext): Promise<void>;
  /** Finds out by looking how a step ended that a crash cut off. Changes nothing on the host. */
  settle(step: OpenStep, context: SettleContext): Promise<StepResult>;
}

/** The steps were taken; what some of them came to shows only later. */
export interface AppliedPlan {
  readonly outcomes: Promise<StepOutcome[]>;
}

/** Resolves when every step was taken. Rejects, as its outcomes do, where the journal cannot be written. */
export async function applyPlan(
  { verdicts }: { readonly verdicts: readonly Verdict[] },
  handler: ActionHandler,
  context: ActContext,
): Promise<AppliedPlan> {
  const ends: Promise<StepOutcome>[] = [];
  for (const [position, verdict] of verdicts.filter(isStep).entries()) {
    const step = { position, verdict, startedAt: context.clock() };
    const taken = await takeStep(step, handler, context);
    ends.push(endStep(step, taken, handler, context));
  }
  return { outcomes: finish(ends, handler, context) };
}

async function finish(ends: Promise<StepOutcome>[], handler: ActionHandler, context: ActContext) {
  const outcomes = await Promise.all(ends);
  await handler.finish?.(outcomes, context);
  return outcomes;
}

interface Step {
  readonly position: number;
  readonly verdict: Verdict;
  readonly startedAt: number;
}

function takeStep(
  { position, verdict }: Step,
  handler: ActionHandler,
  context: ActContext,
): Promise<StepResult> {
  const { runId, journal, clock, holdBack, hostLock } = context;
  const take = async (): Promise<StepResult> => {
    const why = holdBack();
    if (why !== undefined) return { status: "skipped", why };
    journal.beginStep({ runId, position, verdict, at: clock() });
    return asResult(handler.take(verdict, context), context);
  };
  return handler.exclusive ? hostLock(take) : take();
}

async function endStep(
  { position, verdict, startedAt }: Step,
  taken: StepResult,
  handler: ActionHandler,
  context: ActContext,
): Promise<StepOutcome> {
  const { runId, journal, clock } = context;
  const result =
    handler.verify !== undefined && taken.status === "done"
      ? await asResult(handler.verify(verdict, taken, context), context)
      : taken;
  const outcome = outcomeOf(verdict, result, { startedAt, finishedAt: clock() });
  journal.endStep({ runId, position }, outcome);
  return outcome;
}

export function outcomeOf(
  { target, decision }: Pick<Verdict, "target" | "decision">,
  result: StepResult,
  times: Pick<StepOutcome, "startedAt" | "finishedAt">,
): StepOutcome {
  return { target, decision, ...result, ...times };
}

async function asResult(doing: Promise<StepResult>, { signal }: ActContext): Promise<StepResult> {
  try {
    return await doing;
  } catch (error) {
    const cutShort = signal.aborted ? { why: "stopping" } : {};
    return { status: "failed", ...cutShort, error: errorChain(error) };
  }
}
