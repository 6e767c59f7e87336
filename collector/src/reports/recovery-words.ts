/** What could be had back, in the words that page, text and mail share. */
import { formatBytes, formatDuration } from "@shipkeeper/kit";
import type { FleetReport, ReportedObjective, ReportedRepository } from "@shipkeeper/protocol";
import { counted } from "./wording.ts";

export const COLLECTOR_NOT_BACKED_UP =
  "the collector's own database is not backed up: it is in one place only";

/** `of 3 datasets 1 as agreed, …; of 8 volumes and folders 3 backed up, …` */
export function recoveryInWords({ states, coverage, isCollectorBackedUp }: FleetReport["recovery"]): string {
  const { covered, excluded, uncovered } = coverage;
  const all = covered + excluded + uncovered;
  const total = Object.values(states).reduce((sum, count) => sum + count, 0);
  const agreed =
    total === 0
      ? "no backup rule promises anything"
      : `of ${counted(total, "dataset")} ${states.met} as agreed, ${states["at-risk"]} at risk, ${states.unknown} unknown, ${states.broken} broken`;
  const data = `of ${all} volumes and folders ${covered} backed up, ${excluded} excluded for a while, ${uncovered} not backed up`;
  return `${agreed}; ${data}${isCollectorBackedUp === false ? `; ${COLLECTOR_NOT_BACKED_UP}` : ""}`;
}

/** `2 hours would be lost (limit 30 minutes)` */
export function lossInWords({ rpoMs, rpoActualMs }: ReportedObjective): string {
  const loss =
    rpoActualMs === undefined
      ? "nobody knows what would be lost"
      : `${formatDuration(rpoActualMs)} would be lost`;
  return rpoMs === undefined ? "" : `${loss} (limit ${formatDuration(rpoMs)})`;
}

export function timeBackInWords({ rtoMs, rtoActualMs }: ReportedObjective): string {
  const time = rtoActualMs === undefined ? "never drilled" : `back in ${formatDuration(rtoActualMs)}`;
  return rtoMs === undefined ? "" : `${time} (limit ${formatDuration(rtoMs)})`;
}

/** `listed, 2 hours ago` */
export function rungInWords({ rung, rungAgeMs = 0 }: ReportedObjective): string {
  return rung === undefined ? "not proven" : `${rung}, ${formatDuration(rungAgeMs)} ago`;
}

/** `4 GB read, 1 GB new; 90 GB held in 30 GB (3.0 : 1); 0.60 a month` */
export function repositoryInWords(one: ReportedRepository): string {
  const { readBytes, addedBytes, heldBytes, storedBytes, costPerMonth } = one;
  const stored =
    storedBytes === undefined || storedBytes === 0
      ? `${formatBytes(heldBytes)} held`
      : `${formatBytes(heldBytes)} held in ${formatBytes(storedBytes)} (${(heldBytes / storedBytes).toFixed(1)} : 1)`;
  return [
    `${formatBytes(readBytes)} read${addedBytes === undefined ? "" : `, ${formatBytes(addedBytes)} new`}`,
    stored,
    ...(costPerMonth === undefined ? [] : [`${costPerMonth.toFixed(2)} a month`]),
  ].join("; ");
}
