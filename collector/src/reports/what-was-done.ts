import type { DoneAction, DoneStep, FleetReport } from "@shipkeeper/protocol";
import type { RunFact } from "./fleet-facts.ts";

/** More steps than this nobody reads; the rest is a number. */
const STEPS_SHOWN = 25;

export function reportDone(runs: readonly RunFact[]): FleetReport["done"] {
  const steps = runs.flatMap((run) => run.steps.map((step) => doneStep(run, step))).sort(failedThenNewest);
  const all = runs.reduce((sum, { counts }) => sum + counts.done + counts.skipped + counts.failed, 0);
  return {
    freedBytes: runs.reduce((sum, run) => sum + (run.freedBytes ?? 0), 0),
    byAction: [...Map.groupBy(runs, (run) => run.action)]
      .map(([action, members]) => sumUp(action, members))
      .sort((a, b) => b.done - a.done),
    steps: steps.slice(0, STEPS_SHOWN),
    moreSteps: Math.max(0, all - Math.min(steps.length, STEPS_SHOWN)),
  };
}

function sumUp(action: string, runs: readonly RunFact[]): DoneAction {
  const sum = (of: (run: RunFact) => number) => runs.reduce((total, run) => total + of(run), 0);
  const measures: Record<string, number> = {};
  for (const [name, value] of runs.flatMap((run) => Object.entries(run.measures))) {
    measures[name] = (measures[name] ?? 0) + value;
  }
  return {
    action,
    runs: runs.length,
    done: sum(({ counts }) => counts.done),
    skipped: sum(({ counts }) => counts.skipped),
    failed: sum(({ counts }) => counts.failed),
    freedBytes: sum(({ freedBytes }) => freedBytes ?? 0),
    measures,
  };
}

function doneStep(run: RunFact, step: RunFact["steps"][number]): DoneStep {
  const { finishedAt: at, ...rest } = step;
  return { ...rest, at, host: run.host, action: run.action };
}

function failedThenNewest(a: DoneStep, b: DoneStep): number {
  const failed = (step: DoneStep) => (step.status === "failed" || step.status === "unknown" ? 1 : 0);
  return failed(b) - failed(a) || b.at - a.at;
}
