/** Availability and healing in the words that the page, the text and the mail share. */
import { days, formatDuration, formatShare } from "@shipkeeper/kit";
import {
  HEALING_STRETCHES,
  type ApiHealing,
  type FleetReport,
  type WorstAvailability,
} from "@shipkeeper/protocol";
import { counted } from "./wording.ts";

/** Where less than this of the time was watched, the report says how much. */
const MOSTLY = 0.9;

/** What availability is told of: `30 days`, or `the 2 hours that were watched` of a young fleet. */
export function watchedInWords({
  days: lookBack,
  countedMs,
}: Pick<FleetReport["availability"], "days" | "countedMs">): string {
  const isYoung = countedMs < MOSTLY * days(lookBack);
  return isYoung ? `the ${formatDuration(countedMs)} that were watched` : `${lookBack} days`;
}

/** `99.97 % over 30 days; 3 services and 1 host below 99.9 %` */
export function availabilityInWords({ availability }: FleetReport): string {
  const { share, target, missed } = availability;
  if (share === undefined) return "nothing was watched yet";
  const nouns = [
    [missed.services, "service"],
    [missed.containers, "container"],
    [missed.hosts, "host"],
  ] as const;
  const below = nouns.filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun));
  const last = below.length > 1 ? [below.slice(0, -1).join(", "), below.at(-1)].join(" and ") : below[0];
  return `${formatShare(share)} over ${watchedInWords(availability)}; ${last ?? "nothing"} below ${target} %`;
}

/** `98.21 %, down for 3 hours in 2 outages, the longest 2 hours` */
export function downtimeInWords({ share, downMs, outages, longestOutageMs }: WorstAvailability): string {
  const longest = outages > 1 ? `, the longest ${formatDuration(longestOutageMs)}` : "";
  return `${formatShare(share)}, down for ${formatDuration(downMs)} in ${counted(outages, "outage")}${longest}`;
}

export interface HealingTimeRow {
  readonly stretch: string;
  readonly median: string;
  readonly p95: string;
  readonly longest: string;
}

/** A row for each stretch of an incident that was measured at all. */
export function healingTimes({ times }: ApiHealing): HealingTimeRow[] {
  const words = (ms = 0) => formatDuration(ms);
  return HEALING_STRETCHES.filter(([name]) => times[name].count > 0).map(([name, stretch]) => {
    const { medianMs, p95Ms, maxMs } = times[name];
    return { stretch, median: words(medianMs), p95: words(p95Ms), longest: words(maxMs) };
  });
}

/** `web on web-1: 5 orders in 2 incidents` */
export function flappingInWords({ name, host, heals, incidents }: ApiHealing["flapping"][number]): string {
  return `${name} on ${host}: ${counted(heals, "order")} in ${counted(incidents, "incident")}`;
}
