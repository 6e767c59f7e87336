import type { FleetReport } from "@shipkeeper/protocol";
import { alignColumns, withBelow } from "./text-layout.ts";
import { courseInWords, endInWords, membersInWords, responseInWords, shortTime } from "./trouble-words.ts";
import { counted } from "./wording.ts";

/** Open alerts first, then the incidents of the span. */
export function troubleLines({ trouble, at }: FleetReport): string[] {
  const { alerts, moreAlerts, resolvedAlerts, incidents, moreIncidents } = trouble;
  const alertRows = alerts.map(({ severity, title, owner }) => [severity, title, owner ?? "no owner"]);
  const belowAlert = (place: number) => {
    const alert = alerts[place];
    return alert && `${responseInWords(alert, at)}; ${alert.why}`;
  };
  const incidentRows = incidents.map((incident) => [
    shortTime(incident.sickAt),
    `${incident.name} on ${incident.host}`,
    endInWords(incident, at),
  ]);
  const belowIncident = (place: number) => {
    const incident = incidents[place];
    return (
      incident &&
      [incident.cause, courseInWords(incident), membersInWords(incident)].filter(Boolean).join("; ")
    );
  };
  const more = [
    ...(moreAlerts > 0 ? [`and ${counted(moreAlerts, "more alert")}`] : []),
    ...(resolvedAlerts > 0 ? [`${counted(resolvedAlerts, "alert")} resolved`] : []),
  ];
  return [
    ...withBelow(alignColumns(alertRows, [8, 66, 18]), belowAlert, 10),
    ...more,
    ...withBelow(alignColumns(incidentRows, [12, 34, 48]), belowIncident, 14),
    ...(moreIncidents > 0 ? [`and ${counted(moreIncidents, "more incident")}`] : []),
  ];
}
