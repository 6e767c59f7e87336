import type { Instant } from "@shipkeeper/kit";
import type { ApiRun, ApiRunDetail } from "@shipkeeper/protocol";
import type { RunFact, StepFact } from "./fleet-facts.ts";
import { everyPage, type FactSource } from "./fact-source.ts";

/** Runs that are told step by step: each costs its round's whole plan to explain. */
const MOST_TOLD_RUNS = 200;

/** Every run that ended since then; failed ones and the newest with their steps. */
export async function gatherRuns(
  { runs }: FactSource,
  since: Instant,
): Promise<(RunFact & { readonly hostId: string })[]> {
  const all = await everyPage((page) => runs.list({ ...page, sort: "-at", from: since }));
  const ended = all.filter(({ finishedAt }) => finishedAt !== undefined);
  const failedFirst = ended.toSorted((a, b) => Number(b.result === "failed") - Number(a.result === "failed"));
  const told = new Set(failedFirst.slice(0, MOST_TOLD_RUNS).map(({ id }) => id));

  const facts: (RunFact & { hostId: string })[] = [];
  for (const run of ended) {
    const detail = told.has(run.id) ? await runs.find(run.id) : undefined;
    facts.push({ ...runFact(run), steps: detail === undefined ? [] : stepFacts(detail) });
  }
  return facts;
}

function runFact(run: ApiRun): Omit<RunFact, "steps"> & { hostId: string } {
  const { hostId, host, action, finishedAt = 0, freedBytes, measures, steps } = run;
  const { done, skipped, failed, unknown } = steps;
  return {
    hostId,
    host,
    action,
    finishedAt,
    freedBytes,
    measures,
    counts: { done, skipped, failed: failed + unknown },
  };
}

function stepFacts({ verdicts, outcome }: ApiRunDetail): StepFact[] {
  const planned = new Map(verdicts.map((verdict) => [`${verdict.decision} ${verdict.target.id}`, verdict]));
  return (outcome?.steps ?? []).map(({ target, decision, status, why, error, finishedAt }) => {
    const verdict = planned.get(`${decision} ${target.id}`);
    return {
      target: target.name,
      owner: target.owner,
      decision,
      status,
      finishedAt,
      because: verdict?.explanation ?? "",
      trouble: error ?? why?.replaceAll("-", " "),
      bytes: verdict?.bytes,
    };
  });
}
