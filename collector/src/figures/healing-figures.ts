/** What incidents come to: how fast they were seen and mended, and who and what was sick most. */
import type { Instant } from "@shipkeeper/kit";
import { HOST_IDENTITY, type Incident } from "@shipkeeper/policy";
import type { ApiHealing, FlappingContainer, HealingGroup, HealingTimes } from "@shipkeeper/protocol";

/** An incident and the name that people know its host by. */
export interface IncidentFact {
  readonly host: string;
  readonly incident: Incident;
}

/** Longer lists nobody reads. */
const MOST_GROUPS = 50;

export function healingFigures(
  facts: readonly IncidentFact[],
  { since, at }: { since: Instant; at: Instant },
): ApiHealing {
  const incidents = facts.map(({ incident }) => incident);
  const ended = (how: Incident["ended"]) => incidents.filter((one) => one.ended === how).length;
  const counts = countsOf(incidents);
  const { healed, recovered } = counts;
  const closed = incidents.filter(({ closedAt }) => closedAt !== undefined);
  const alone = closed.filter(
    ({ ended: how, handedOverAt }) => handedOverAt === undefined && (how === "healed" || how === "recovered"),
  );
  return {
    since,
    at,
    ...counts,
    open: incidents.length - closed.length,
    stopped: ended("stopped"),
    removed: ended("removed"),
    recoveredShare: share(recovered, healed + recovered),
    withoutPeopleShare: share(alone.length, closed.length),
    times: {
      sickToDetected: timesOf(incidents, "sickAt", "detectedAt"),
      detectedToOrdered: timesOf(incidents, "detectedAt", "firstOrderAt"),
      orderedToHealthy: timesOf(incidents, "firstOrderAt", "healthyAt"),
      sickToHealthy: timesOf(incidents, "sickAt", "healthyAt"),
    },
    byImage: groupsOf(
      incidents.filter(({ container }) => container !== undefined),
      ({ container }) => container?.image,
    ),
    byOwner: groupsOf(incidents, ({ owner }) => owner),
    flapping: flappingOf(facts),
  };
}

function countsOf(incidents: readonly Incident[]) {
  return {
    incidents: incidents.length,
    heals: incidents.reduce((sum, { heals }) => sum + heals, 0),
    healed: incidents.filter(({ ended }) => ended === "healed").length,
    recovered: incidents.filter(({ ended }) => ended === "recovered").length,
    handedOver: incidents.filter(({ handedOverAt }) => handedOverAt !== undefined).length,
  };
}

const share = (part: number, whole: number): number | undefined => (whole === 0 ? undefined : part / whole);

type Moment = "sickAt" | "detectedAt" | "firstOrderAt" | "healthyAt";

function timesOf(incidents: readonly Incident[], from: Moment, to: Moment): HealingTimes {
  const times = incidents
    .flatMap((incident) => {
      const [begin, end] = [incident[from], incident[to]];
      // An order may be older than what it is measured from where the incident grew to a new root.
      return begin === undefined || end === undefined ? [] : [Math.max(0, end - begin)];
    })
    .sort((a, b) => a - b);
  return {
    count: times.length,
    medianMs: ranked(times, 0.5),
    p95Ms: ranked(times, 0.95),
    maxMs: times.at(-1),
  };
}

/** The smallest time that so great a share of all does not exceed. */
function ranked(sorted: readonly number[], rank: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)];
}

function groupsOf(
  incidents: readonly Incident[],
  nameOf: (incident: Incident) => string | undefined,
): HealingGroup[] {
  return [...Map.groupBy(incidents, nameOf)]
    .map(([name, members]) => ({ name, ...countsOf(members) }))
    .sort(
      (a, b) => b.heals - a.heals || b.incidents - a.incidents || ((a.name ?? "") < (b.name ?? "") ? -1 : 1),
    )
    .slice(0, MOST_GROUPS);
}

function flappingOf(facts: readonly IncidentFact[]): FlappingContainer[] {
  const ofContainers = facts.filter(({ incident }) => incident.identity !== HOST_IDENTITY);
  return [...Map.groupBy(ofContainers, ({ host, incident }) => `${host} ${incident.identity}`).values()]
    .flatMap((members): FlappingContainer[] => {
      const last = members.at(-1);
      const { incidents, heals } = countsOf(members.map(({ incident }) => incident));
      if (last === undefined || heals < 2) return [];
      const { container, identity, owner } = last.incident;
      return [
        {
          name: container?.name ?? identity,
          host: last.host,
          owner,
          image: container?.image,
          incidents,
          heals,
        },
      ];
    })
    .sort((a, b) => b.heals - a.heals || b.incidents - a.incidents || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_GROUPS);
}
