/** Alerts and incidents in words, for the page, the text and the mail. */
import { formatDuration, formatInstant, type Instant } from "@shipkeeper/kit";
import type { ReportedAlert, ReportedIncident } from "@shipkeeper/protocol";
import { counted } from "./wording.ts";

/** `taken on by ada: restoring`, `OVERDUE by 2 hours: nobody took it on`, `15 minutes left to take it on` */
export function responseInWords(alert: ReportedAlert, now: Instant): string {
  const { acknowledgedBy, note, dueAt, overdue } = alert;
  if (acknowledgedBy !== undefined) {
    return `taken on by ${acknowledgedBy}${note === undefined ? "" : `: ${note}`}`;
  }
  return overdue
    ? `OVERDUE by ${formatDuration(now - dueAt)}: nobody took it on`
    : `${formatDuration(Math.max(0, dueAt - now))} left to take it on`;
}

/** `seen after 1 second, ordered after 2 seconds, healthy after 14 seconds` */
export function courseInWords({ sickAt, detectedAt, firstOrderAt, healthyAt }: ReportedIncident): string {
  const after = (what: string, at: Instant | undefined) =>
    at === undefined ? [] : [`${what} after ${formatDuration(Math.max(0, at - sickAt))}`];
  return [
    ...after("seen", detectedAt),
    ...after("ordered", firstOrderAt),
    ...after("healthy", healthyAt),
  ].join(", ");
}

/** `healed by 2 orders`, `open for 20 minutes, left to people` */
export function endInWords(incident: ReportedIncident, now: Instant): string {
  const { ended, sickAt, heals, handedOverAt } = incident;
  const tried = heals === 0 ? "" : ` ${ended === "healed" ? "by" : "after"} ${counted(heals, "order")}`;
  const state = ended === undefined ? `open for ${formatDuration(Math.max(0, now - sickAt))}` : ended;
  return `${state}${tried}${handedOverAt === undefined ? "" : ", left to people"}`;
}

const MEMBERS_NAMED = 3;

/** `with it web-1, web-2, web-3 and 7 more`; nothing where it was alone. */
export function membersInWords({ members }: ReportedIncident): string {
  if (members.length === 0) return "";
  const more = members.length - MEMBERS_NAMED;
  return `with it ${members.slice(0, MEMBERS_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** `01-31 02:00Z`: the year goes without saying. */
export const shortTime = (at: Instant): string => formatInstant(at).slice(5);
