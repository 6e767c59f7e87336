/** How much of the time the fleet was up, and what was down longest. */
import { DEFAULT_TARGET, type FleetReport, type WorstAvailability } from "@shipkeeper/protocol";
import { shareOf } from "../figures/measure.ts";
import { FIGURE_DAYS, type AvailabilityFact, type AvailabilityFacts } from "./fleet-facts.ts";

const WORST_SHOWN = 10;

export function reportAvailability(facts: AvailabilityFacts): FleetReport["availability"] {
  const { containers, services, hosts } = facts;
  const sum = (of: (fact: AvailabilityFact) => number) =>
    containers.reduce((total, fact) => total + of(fact), 0);
  const missed = (some: readonly AvailabilityFact[]) => some.filter(({ met }) => met === false).length;
  return {
    days: FIGURE_DAYS,
    target: DEFAULT_TARGET,
    share: shareOf({ upMs: sum(({ upMs }) => upMs), downMs: sum(({ downMs }) => downMs) }),
    countedMs: containers.reduce((most, { upMs, downMs }) => Math.max(most, upMs + downMs), 0),
    missed: { services: missed(services), containers: missed(containers), hosts: missed(hosts) },
    worst: [
      ...services.flatMap((fact) => worstOf("service", fact)),
      // What its service tells of already is not told twice.
      ...containers.filter(({ isOfService }) => !isOfService).flatMap((fact) => worstOf("container", fact)),
      ...hosts.flatMap((fact) => worstOf("host", fact)),
    ]
      .sort((a, b) => b.downMs - a.downMs || (a.name < b.name ? -1 : 1))
      .slice(0, WORST_SHOWN),
  };
}

function worstOf(of: WorstAvailability["of"], fact: AvailabilityFact): WorstAvailability[] {
  const { name, host, owner, downMs, outages, longestOutageMs, met } = fact;
  const share = shareOf(fact);
  if (share === undefined || downMs === 0) return [];
  return [{ of, name, host, owner, share, downMs, outages, longestOutageMs, met: met === true }];
}
