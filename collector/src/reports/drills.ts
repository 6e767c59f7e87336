import { readDatasetId } from "@shipkeeper/policy";
import type { ApiDrill, FleetReport, ReportedDrill } from "@shipkeeper/protocol";
import { formatDuration } from "@shipkeeper/kit";
import type { FleetFacts } from "./fleet-facts.ts";

const DRILLS_SHOWN = 30;

/** The newest drill of each dataset, those that failed first; and what has restore points and was never drilled. */
export function reportDrills({
  drills,
  restorePoints,
}: Pick<FleetFacts, "drills" | "restorePoints">): FleetReport["drills"] {
  const drilled = new Set(drills.map(keyOf));
  const canBe = restorePoints.filter(({ dataset }) => {
    const kind = readDatasetId(dataset)?.kind;
    return kind === "volume" || kind === "bind" || kind === "dump";
  });
  const undrilled = new Map(canBe.map((point) => [keyOf(point), point]));
  for (const key of drilled) undrilled.delete(key);
  return {
    failed: drills.filter(({ passed }) => !passed).length,
    total: drills.length,
    newest: drills
      .toSorted((a, b) => Number(a.passed) - Number(b.passed) || b.at - a.at)
      .slice(0, DRILLS_SHOWN),
    undrilled: [...undrilled.values()].map(({ host, dataset, owner }) => ({ host, dataset, owner })),
  };
}

const keyOf = ({ host, dataset }: { readonly host: string; readonly dataset: string }) =>
  `${host} ${dataset}`;

/** What the report says of the newest drill of a dataset. */
export function drillFact(drill: ApiDrill & { readonly owner: string | undefined }): ReportedDrill {
  const { id, host, dataset, owner, repository, requestedAt: at, passed } = drill;
  const { rtoMs, rtoTargetMs, rpoMs, rpoTargetMs, failure, assertions } = drill;
  const failed = assertions.find((assertion) => !assertion.passed);
  const trouble = failure ?? (failed && `${failed.assert}: ${failed.said}`);
  const figures = { rtoMs, rtoTargetMs, rpoMs, rpoTargetMs };
  return { id, host, dataset, owner, repository, at, passed, trouble, ...figures };
}

/** `back in 4 minutes (1 hour), data of 15 minutes before (30 minutes)`, with the targets in brackets; or what failed. */
export function drillInWords({ passed, trouble = "", ...drill }: ReportedDrill): string {
  if (!passed) return `FAILED: ${trouble}`;
  const target = (ms: number | undefined) => (ms === undefined ? "" : ` (${formatDuration(ms)})`);
  const { rtoMs = 0, rpoMs = 0 } = drill;
  const back = `back in ${formatDuration(rtoMs)}${target(drill.rtoTargetMs)}`;
  return `${back}, data of ${formatDuration(rpoMs)} before${target(drill.rpoTargetMs)}`;
}

/** Whether one of the figures is beyond its target. */
export function missesTarget({ rtoMs = 0, rtoTargetMs, rpoMs = 0, rpoTargetMs }: ReportedDrill): boolean {
  return rtoMs > (rtoTargetMs ?? Infinity) || rpoMs > (rpoTargetMs ?? Infinity);
}
