import type { Instant } from "@shipkeeper/kit";
import { everyPage, type FactSource } from "./fact-source.ts";
import type { FleetFacts } from "./fleet-facts.ts";

/** How what was agreed is kept, what is backed up, and what is told of repositories. */
export async function gatherRecovery(
  store: FactSource,
  nameOf: ReadonlyMap<string, string>,
  now: Instant,
): Promise<Pick<FleetFacts, "objectives" | "coverage" | "repositories">> {
  const objectives = await everyPage((page) => store.objectives.list({ ...page, sort: "brokenFrom" }, now));
  return {
    objectives: objectives.map((one) => {
      const { hostId, dataset, owner, state, rpoMs, rpoActualMs, rtoMs, rtoActualMs, rung, rungAt } = one;
      return {
        host: nameOf.get(hostId) ?? one.host,
        dataset,
        owner,
        state,
        rpoMs,
        rpoActualMs,
        rtoMs,
        rtoActualMs,
        rung,
        rungAgeMs: rungAt === undefined ? undefined : Math.max(0, now - rungAt),
      };
    }),
    coverage: store.coverage.counts().map(({ owner, state, count }) => ({ owner, state, count })),
    repositories: [...store.repositories.all()].flatMap(([hostId, repositories]) => {
      const host = nameOf.get(hostId);
      if (host === undefined) return [];
      return repositories.map(({ name: repository, offsite, problem, bytes: storedBytes, costPerGb }) => ({
        host,
        repository,
        offsite,
        isTroubled: problem !== undefined,
        storedBytes,
        costPerGb,
      }));
    }),
  };
}
