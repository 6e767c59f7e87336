/** The demo's figures, as programs want them. Everything comes from the collector's API, nothing from the script. */
import { DAY_MS } from "@shipkeeper/kit";
import type { Spine } from "@shipkeeper/lab";
import type { ApiVerdict } from "@shipkeeper/protocol";
import { countGivenUp, hasReported, sum } from "./cycle.ts";
import {
  readAlerts,
  readContainers,
  readFindings,
  readHosts,
  readImages,
  readIncidents,
  readNewestRounds,
  readPostMortems,
  readRestorePoints,
  readRuns,
  readScore,
} from "./fleet-answers.ts";

export interface Summary {
  readonly hosts: { readonly total: number; readonly reported: number };
  readonly containers: { readonly total: number; readonly running: number; readonly unhealthy: number };
  readonly images: { readonly total: number; readonly oldestDays: number };
  /** `bytes` as measured on the hosts' file systems around the runs. */
  readonly pruned: { readonly images: number; readonly containers: number; readonly bytes: number };
  /** Reason → how many things the newest prune round of each host kept for it. */
  readonly kept: Readonly<Record<string, number>>;
  /** `score` of 100; check → open findings. */
  readonly compliance: { readonly score: number; readonly findings: Readonly<Record<string, number>> };
  readonly restorePoints: number;
  readonly restarts: { readonly healed: number; readonly gaveUp: number };
  /** Without those that are part of another one. `affected`: containers that were sick because another one was. */
  readonly incidents: { readonly total: number; readonly healed: number; readonly affected: number };
  /** Kind → how many people were told of. */
  readonly alerts: Readonly<Record<string, number>>;
  readonly postMortems: number;
  /** Things that a rule would have touched and was not allowed to. */
  readonly refused: number;
  readonly waiting: number;
  readonly reportHtml: string;
  readonly durationSeconds: number;
  readonly collector: string;
  readonly engines: readonly { readonly host: string; readonly socket: string; readonly address: string }[];
}

export async function takeSummary(
  spine: Spine,
  facts: { readonly reportHtml: string; readonly durationSeconds: number },
): Promise<Summary> {
  const [hosts, containers, images, runs, restorePoints, findings, score, incidents] = await Promise.all([
    readHosts(spine),
    readContainers(spine),
    readImages(spine),
    readRuns(spine),
    readRestorePoints(spine),
    readFindings(spine),
    readScore(spine),
    readIncidents(spine),
  ]);
  const pruneVerdicts = await newestVerdicts(spine, "prune");
  const verdicts = [
    ...pruneVerdicts,
    ...(await newestVerdicts(spine, "backup")),
    ...(await newestVerdicts(spine, "restart")),
  ];
  const decided = (decision: string) => verdicts.filter((verdict) => verdict.decision === decision).length;
  const running = containers.filter(({ state }) => state === "running");

  return {
    hosts: { total: hosts.length, reported: hosts.filter(hasReported).length },
    containers: {
      total: containers.length,
      running: running.length,
      unhealthy: running.filter(({ health }) => health.status === "unhealthy").length,
    },
    images: {
      total: images.length,
      oldestDays: Math.floor(Math.max(0, ...images.map((image) => image.ageMs ?? 0)) / DAY_MS),
    },
    pruned: {
      images: sum(runs, "prune", "imagesRemoved"),
      containers: sum(runs, "prune", "containersRemoved"),
      bytes: sum(runs, "prune", "freedBytes"),
    },
    kept: countEach(
      pruneVerdicts.filter(({ decision }) => decision === "keep").map(({ reason }) => reason.why),
    ),
    compliance: { score: score?.score ?? 0, findings: countEach(findings.map(({ check }) => check)) },
    restorePoints: restorePoints.length,
    restarts: { healed: sum(runs, "restart", "healed"), gaveUp: await countGivenUp(spine) },
    incidents: {
      total: incidents.length,
      healed: incidents.filter(({ ended }) => ended === "healed").length,
      affected: incidents.reduce((total, { members }) => total + members.length, 0),
    },
    alerts: countEach((await readAlerts(spine)).map(({ kind }) => kind)),
    postMortems: (await readPostMortems(spine)).length,
    refused: verdicts.filter(({ decision, reason }) => decision === "refuse" || reason.why === "never-touch")
      .length,
    waiting: decided("wait"),
    ...facts,
    collector: spine.url,
    engines: spine.agents
      .toSorted((a, b) => (a.host.name < b.host.name ? -1 : 1))
      .map(({ host }) => ({
        host: host.name,
        socket: host.socketPath,
        address: host.address,
      })),
  };
}

async function newestVerdicts(spine: Spine, kind: string): Promise<ApiVerdict[]> {
  const rounds = await readNewestRounds(spine, kind);
  return rounds.flatMap((round) =>
    round.planned.filter((rule) => rule.kind === kind).flatMap((rule) => rule.verdicts),
  );
}

function countEach(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
