import type { FleetReport } from "@shipkeeper/protocol";
import { datasetId } from "@shipkeeper/policy";
import type { FleetFacts } from "./fleet-facts.ts";

/** What can be restored, and which volumes in use cannot: the older and the larger first. */
export function reportRestorePoints({ restorePoints, volumes }: FleetFacts): FleetReport["restorePoints"] {
  const byDataset = Map.groupBy(restorePoints, ({ host, dataset }) => `${host} ${dataset}`);
  const datasets = [...byDataset.values()].flatMap((points) => {
    const newest = points.reduce((a, b) => (b.at > a.at ? b : a));
    const { host, dataset, owner, bytes, at: newestAt } = newest;
    const repositories = [...new Set(points.map((point) => point.repository))].sort();
    return [{ host, dataset, owner, newestAt, points: points.length, bytes, repositories }];
  });

  const isSaved = (host: string, name: string) =>
    (["volume", "dump"] as const).some((kind) => byDataset.has(`${host} ${datasetId({ kind, name })}`));
  // An anonymous volume has no name to ask for again, and one that nothing refers to is a case for prune.
  const unprotected = volumes
    .filter(({ anonymous, users, host, name }) => !anonymous && users > 0 && !isSaved(host, name))
    .map(({ host, name: volume, owner, sizeBytes }) => ({ host, volume, owner, sizeBytes }));

  return {
    total: restorePoints.length,
    datasets: datasets.sort((a, b) => a.newestAt - b.newestAt),
    unprotected: unprotected.sort((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0)),
  };
}
