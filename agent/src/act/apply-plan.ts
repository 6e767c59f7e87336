/**
 * Walks a plan: every step is written down before it is taken and after, and ends done, skipped, failed or unknown.
 * Decides nothing; one bad step does not stop its neighbours. Only a journal that cannot be written ends the walk,
 * because what is not written down must not happen.
 */
import { errorChain, mapBounded } from "@shipkeeper/kit";
import { isStep, type StepOutcome, type Verdict } from "@shipkeeper/policy";
import type { ActContext, SettleContext } from "./action-context.ts";
import type { OpenStep } from "../ledger/journal.ts";
import { StepLeftOpen } from "./step-left-open.ts";

export type StepResult = Pick<StepOutcome, "status" | "why" | "error" | "facts">;

/** What an action kind does on the host. */
export interface ActionHandler {
  /** Whether a step needs the host's lock, because it changes what others rely on. */
  readonly exclusive: boolean;
  /** How many steps of a run are taken at the same time; one where it says nothing. */
  readonly atOnce?: number;
  /** Whether the run's effect shows as free space on the engine's disk. */
  readonly freesSpace: boolean;
  /** Looks once more, then does it. Throws where it failed. */
  take(verdict: Verdict, context: ActContext): Promise<StepResult>;
  /** Awaits, without any lock, what became of a step that was taken. */
  verify?(verdict: Verdict, taken: StepResult, context: ActContext): Promise<StepResult>;
  /** After the last step of a run: what concerns all of them. */
  finish?(outcomes: readonly StepOutcome[], context: ActContext): Promise<void>;
  /**
   * Finds out by looking how a step ended that a crash cut off. Changes nothing on the host, but for two things: what the
   * step had stopped for a while runs again, and what it had made for a while goes.
   */
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
  const planned = [...verdicts.filter(isStep).entries()];
  const ends = await mapBounded(planned, handler.atOnce ?? 1, async ([position, verdict]) => {
    const step = { position, verdict, startedAt: context.clock() };
    const release = claim(step, context);
    const taken = release === undefined ? BUSY : await takeStep(step, handler, context);
    // In an object, because a promise that is handed on would be awaited here.
    return { end: endStep(step, taken, handler, context).finally(release) };
  });
  return {
    outcomes: finish(
      ends.map(({ end }) => end),
      handler,
      context,
    ),
  };
}

const BUSY: StepResult = { status: "skipped", why: "busy" };

/** Nobody else works on a container from the step's beginning to its end. Undefined where somebody does already. */
function claim({ verdict }: Step, { claims, action }: ActContext): (() => void) | undefined {
  const { type, id } = verdict.target;
  return type === "container" ? claims.take(id, action) : () => undefined;
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
    if (error instanceof StepLeftOpen) throw error;
    const cutShort = signal.aborted ? { why: "stopping" } : {};
    return { status: "failed", ...cutShort, error: errorChain(error) };
  }
}
