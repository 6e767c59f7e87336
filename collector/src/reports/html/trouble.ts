/** What people must know of now, and what fell ill: when it was seen, ordered and healthy, and how it ended. */
import type { FleetReport, ReportedAlert, ReportedIncident } from "@shipkeeper/protocol";
import { courseInWords, endInWords, membersInWords, responseInWords, shortTime } from "../trouble-words.ts";
import { counted } from "../wording.ts";
import { nothing, section, table, type Column } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

export function troubleSection({ trouble, at }: FleetReport): Markup {
  const { alerts, moreAlerts, resolvedAlerts, incidents, moreIncidents } = trouble;
  if (alerts.length + resolvedAlerts + incidents.length === 0) {
    return section("Incidents and alerts", nothing("Nothing fell ill, and there is nothing to know of."));
  }
  return section(
    "Incidents and alerts",
    alerts.length === 0 ? nothing("No alert is open.") : table(alertColumns(at), alerts),
    moreAlerts > 0 && markup`<p class="small quiet">And ${counted(moreAlerts, "more alert")}.</p>`,
    resolvedAlerts > 0 && markup`<p class="small quiet">${counted(resolvedAlerts, "alert")} resolved.</p>`,
    incidents.length > 0 && markup`<h3>What fell ill</h3>${table(incidentColumns(at), incidents)}`,
    moreIncidents > 0 && markup`<p class="small quiet">And ${counted(moreIncidents, "more incident")}.</p>`,
  );
}

function alertColumns(at: number): Column<ReportedAlert>[] {
  return [
    { head: "Severity", cell: ({ severity }) => markup`<span class="${severity}">${severity}</span>` },
    {
      head: "Alert",
      isSentence: true,
      cell: ({ title, why }) => [markup`<b>${title}</b><br>`, markup`<span class="quiet">${why}</span>`],
    },
    {
      head: "Response",
      isSentence: true,
      cell: (alert) =>
        markup`<span class="${alert.overdue ? "bad" : ""}">${responseInWords(alert, at)}</span>`,
    },
    { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
  ];
}

function incidentColumns(at: number): Column<ReportedIncident>[] {
  return [
    { head: "Since", cell: ({ sickAt }) => markup`<span class="time">${shortTime(sickAt)}</span>` },
    { head: "What", isName: true, cell: ({ name }) => name },
    { head: "Host", cell: ({ host }) => host },
    {
      head: "Why",
      isSentence: true,
      cell: (incident) => [incident.cause, incident.members.length > 0 && `; ${membersInWords(incident)}`],
    },
    { head: "Course", isSentence: true, cell: courseInWords },
    {
      head: "Ended",
      cell: (incident) =>
        markup`<span class="${incident.closedAt === undefined ? "bad" : ""}">${endInWords(incident, at)}</span>`,
    },
    { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
  ];
}
