/** What people must know of now, and what fell ill in the report's span. */
import type { FleetReport, ReportedIncident } from "@shipkeeper/protocol";
import type { FleetFacts } from "./fleet-facts.ts";

const ALERTS_SHOWN = 20;
const INCIDENTS_SHOWN = 30;

/** Open alerts as they were gathered, the worst first; incidents that are not over first, then the newest. */
export function reportTrouble({ alerts, incidents, since }: FleetFacts): FleetReport["trouble"] {
  const open = alerts.filter(({ resolvedAt }) => resolvedAt === undefined);
  const lasted = incidents
    .filter(({ incident: { ended, closedAt = Infinity } }) => ended !== "merged" && closedAt >= since)
    .map(reported)
    .toSorted(
      (a, b) =>
        Number(a.closedAt !== undefined) - Number(b.closedAt !== undefined) || b.detectedAt - a.detectedAt,
    );
  return {
    alerts: open.slice(0, ALERTS_SHOWN),
    moreAlerts: Math.max(0, open.length - ALERTS_SHOWN),
    resolvedAlerts: alerts.length - open.length,
    incidents: lasted.slice(0, INCIDENTS_SHOWN),
    moreIncidents: Math.max(0, lasted.length - INCIDENTS_SHOWN),
  };
}

function reported({ host, incident }: FleetFacts["incidents"][number]): ReportedIncident {
  const { id, container, owner, cause, members, heals } = incident;
  const { sickAt, detectedAt, firstOrderAt, healthyAt, closedAt, ended, handedOverAt } = incident;
  return {
    id,
    host,
    name: container?.name ?? host,
    owner,
    cause,
    sickAt,
    detectedAt,
    firstOrderAt,
    healthyAt,
    closedAt,
    ended,
    handedOverAt,
    heals,
    members: members.map(({ name }) => name),
  };
}
