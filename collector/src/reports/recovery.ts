/** What could be had back, against what was agreed; how much of the data is backed up; and what repositories take. */
import { OBJECTIVE_STATES } from "@shipkeeper/policy";
import type { FleetReport, ReportedRepository } from "@shipkeeper/protocol";
import type { FleetFacts, RepositoryFact } from "./fleet-facts.ts";

/** More nobody reads at once; `shipkeeper objectives` has them all. */
const MOST_SHOWN = 15;

export function reportRecovery(facts: FleetFacts): FleetReport["recovery"] {
  const { objectives, coverage, isCollectorBackedUp } = facts;
  const countOf = (state: string) => objectives.filter((one) => one.state === state).length;
  const [broken = 0, unknown = 0, atRisk = 0, met = 0] = OBJECTIVE_STATES.map(countOf);
  const share = (state: string) =>
    coverage.filter((one) => one.state === state).reduce((sum, { count }) => sum + count, 0);
  return {
    states: { broken, unknown, "at-risk": atRisk, met },
    worst: OBJECTIVE_STATES.filter((state) => state !== "met")
      .flatMap((state) => objectives.filter((one) => one.state === state))
      .slice(0, MOST_SHOWN),
    coverage: { covered: share("covered"), excluded: share("excluded"), uncovered: share("uncovered") },
    repositories: [...Map.groupBy(facts.repositories, ({ repository }) => repository).values()].map((same) =>
      reportRepository(same, facts),
    ),
    ...(isCollectorBackedUp !== undefined && { isCollectorBackedUp }),
  };
}

const GB = 1e9;

function reportRepository(
  same: readonly RepositoryFact[],
  { restorePoints, since }: FleetFacts,
): ReportedRepository {
  const [{ repository, offsite } = { repository: "", offsite: false }] = same;
  const points = restorePoints.filter((point) => point.repository === repository);
  const young = points.filter(({ at }) => at >= since);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const added = young.flatMap(({ addedBytes }) => addedBytes ?? []);
  const measured = same.flatMap(({ storedBytes }) => storedBytes ?? []);
  const costs = same.flatMap(({ storedBytes, costPerGb }) =>
    storedBytes === undefined || costPerGb === undefined ? [] : [(storedBytes / GB) * costPerGb],
  );
  return {
    repository,
    offsite,
    hosts: same.length,
    troubled: same.filter(({ isTroubled }) => isTroubled).length,
    readBytes: sum(young.map(({ bytes }) => bytes)),
    ...(added.length > 0 && { addedBytes: sum(added) }),
    heldBytes: sum(points.map(({ bytes }) => bytes)),
    ...(measured.length > 0 && { storedBytes: sum(measured) }),
    ...(costs.length > 0 && { costPerMonth: sum(costs) }),
  };
}
