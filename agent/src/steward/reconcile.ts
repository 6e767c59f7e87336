import { errorChain } from "@shipkeeper/kit";
import { isKind, type StepOutcome } from "@shipkeeper/policy";
import { outcomeOf, type StepResult } from "../act/apply-plan.ts";
import type { Pause } from "../act/action-context.ts";
import { handlers } from "../act/handlers.ts";
import { StepLeftOpen } from "../act/step-left-open.ts";
import type { OpenRun, OpenStep } from "../ledger/journal.ts";
import type { StewardOptions } from "./steward.ts";

type ReconcileOptions = Pick<
  StewardOptions,
  "engine" | "ledger" | "hostId" | "restic" | "registries" | "record" | "clock" | "log"
> & { readonly signal: AbortSignal; readonly pause: Pause };

/**
 * Settles the runs that a crash cut off, by looking at what became of each open step. Nothing is repeated, but what a step
 * had stopped for a while runs again; what else is to be done, the next round finds. Throws where the engine cannot be asked; nothing may start before.
 */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  const { ledger, clock, log, record } = options;
  for (const run of ledger.journal.openRuns()) {
    const steps: StepOutcome[] = [];
    for (const step of run.steps) steps.push(step.outcome ?? (await settleStep(run, step, options)));
    const { runId, kind: action } = run;
    log.warn({ runId, action, steps: steps.length }, "settled a run that was cut off");
    ledger.journal.endRun({
      kind: "run-finished",
      runId,
      action,
      at: clock(),
      ended: "reconciled",
      outcome: { steps },
    });
  }
  for (const finished of ledger.journal.unreported()) {
    record(finished);
    ledger.journal.markReported(finished.runId);
  }
}

async function settleStep(
  { runId, kind }: OpenRun,
  step: OpenStep,
  options: ReconcileOptions,
): Promise<StepOutcome> {
  const { engine, ledger, clock, signal } = options;
  // The engine must answer before anything is said about what it holds.
  await engine.containerIds({ signal });
  const result = await look();
  const outcome = outcomeOf(step.verdict, result, { startedAt: step.startedAt, finishedAt: clock() });
  ledger.journal.endStep({ runId, position: step.position }, outcome);
  return outcome;

  async function look(): Promise<StepResult> {
    if (!isKind(kind)) return { status: "unknown", why: "unknown-kind" };
    const { restarts, expiries } = ledger;
    const context = { ...options, runId, restarts, expiries };
    try {
      return await handlers[kind].settle(step, context);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StepLeftOpen) throw error;
      return { status: "unknown", why: "cannot-look", error: errorChain(error) };
    }
  }
}
