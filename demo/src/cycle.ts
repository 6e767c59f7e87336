/** What has to happen before the demo's one maintenance cycle counts as done, and how far it is. */
import { waitUntil, type Spine } from "@shipkeeper/lab";
import type { ApiHost, ApiRun } from "@shipkeeper/protocol";
import {
  readAlerts,
  readHosts,
  readIncidents,
  readNewestRounds,
  readRuns,
  readScore,
} from "./fleet-answers.ts";
import type { Progress } from "./progress.ts";

const REPORT_DEADLINE_MS = 90_000;
const CYCLE_DEADLINE_MS = 240_000;
const LOOK_EVERY_MS = 1_000;

/** Every host has sent its first inventory. */
export async function untilReported(spine: Spine, hosts: number, progress: Progress): Promise<void> {
  await waitUntil(
    async () => {
      spine.assertRunning();
      const reported = (await readHosts(spine)).filter(hasReported).length;
      progress.detail(`${reported} of ${hosts}`);
      return reported === hosts;
    },
    { what: `the inventories of ${hosts} hosts`, deadlineMs: REPORT_DEADLINE_MS, everyMs: LOOK_EVERY_MS },
  );
}

export const hasReported = (host: ApiHost): boolean => host.inventoryAt !== undefined;

export interface Sick {
  readonly recoverable: number;
  readonly hopeless: number;
}

/**
 * Every host has pruned and backed up what it has, what can recover has recovered, what cannot was given up, and the
 * fleet has a score: nothing is left that the next round would do.
 */
export async function untilMaintained(
  spine: Spine,
  expected: { readonly hosts: number; readonly volumes: number; readonly sick: Sick },
  progress: Progress,
): Promise<void> {
  const { hosts, volumes, sick } = expected;
  await waitUntil(
    async () => {
      spine.assertRunning();
      const runs = await readRuns(spine);
      const pruned = hostsAtRest(await readNewestRounds(spine, "prune"), runs);
      const backedUp = sum(runs, "backup", "restorePoints");
      const healed = sum(runs, "restart", "healed");
      const gaveUp = await countGivenUp(spine);
      progress.detail(
        `${pruned} of ${hosts} hosts pruned, ${backedUp} of ${volumes} volumes backed up, ` +
          `${healed} of ${sick.recoverable} healed, ${gaveUp} of ${sick.hopeless} given up`,
      );
      const isDone =
        pruned === hosts && backedUp >= volumes && healed >= sick.recoverable && gaveUp >= sick.hopeless;
      return isDone && (await isTold(spine, sick)) && (await readScore(spine)) !== undefined;
    },
    { what: "the maintenance cycle", deadlineMs: CYCLE_DEADLINE_MS, everyMs: LOOK_EVERY_MS },
  );
}

/** Whether the incidents of what was healed are over, and people were called for what was not. */
async function isTold(spine: Spine, { recoverable, hopeless }: Sick): Promise<boolean> {
  const [incidents, alerts] = await Promise.all([readIncidents(spine), readAlerts(spine)]);
  const healed = incidents.filter(({ ended }) => ended === "healed").length;
  const called = alerts.filter(({ kind }) => kind === "handed-over").length;
  return healed >= recoverable && called >= hopeless;
}

/** Hosts that pruned something, and whose newest plan would remove nothing more. */
function hostsAtRest(newest: Awaited<ReturnType<typeof readNewestRounds>>, runs: readonly ApiRun[]): number {
  const ran = new Set(
    runs.filter((run) => run.action === "prune" && run.finishedAt !== undefined).map((run) => run.hostId),
  );
  return newest.filter(({ hostId, planned }) => {
    const prunes = planned.filter((rule) => rule.kind === "prune");
    return (
      ran.has(hostId) &&
      prunes.every((rule) => rule.verdicts.every((verdict) => verdict.decision !== "remove"))
    );
  }).length;
}

export function sum(runs: readonly ApiRun[], action: string, measure: string): number {
  return runs
    .filter((run) => run.action === action)
    .reduce((total, run) => total + (run.measures[measure] ?? 0), 0);
}

/** Containers that the newest restart rounds handed over to people. */
export async function countGivenUp(spine: Spine): Promise<number> {
  const rounds = await readNewestRounds(spine, "restart");
  const verdicts = rounds.flatMap((round) => round.planned).flatMap((rule) => rule.verdicts);
  return verdicts.filter((verdict) => verdict.decision === "give-up").length;
}
