/** How much of the time things were up, and how fast what was sick was mended. */
import { formatDuration, formatShare } from "@shipkeeper/kit";
import { healingInWords, type FleetReport, type WorstAvailability } from "@shipkeeper/protocol";
import {
  availabilityInWords,
  flappingInWords,
  healingTimes,
  type HealingTimeRow,
} from "../figures-in-words.ts";
import { nothing, section, table, type Column } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

export function availabilitySection(report: FleetReport): Markup {
  const { availability, healing } = report;
  const times = healingTimes(healing);
  const flapping = healing.flapping.slice(0, MOST_FLAPPING);
  if (availability.share === undefined && healing.incidents === 0) {
    return section("Availability and healing", nothing("Nothing was watched yet."));
  }
  return section(
    "Availability and healing",
    markup`<p>${availabilityInWords(report)}.</p>`,
    availability.worst.length > 0 && markup`<h3>Down longest</h3>${table(WORST_COLUMNS, availability.worst)}`,
    markup`<p>${healingInWords(healing)}.</p>`,
    times.length > 0 && table(TIME_COLUMNS, times),
    flapping.length > 0 && markup`<h3>Again and again</h3>`,
    flapping.map((one) => markup`<p>${flappingInWords(one)}</p>`),
  );
}

const MOST_FLAPPING = 5;

const WORST_COLUMNS: readonly Column<WorstAvailability>[] = [
  { head: "What", isName: true, cell: ({ name }) => name },
  { head: "Is a", cell: ({ of }) => of },
  { head: "Host", cell: ({ host }) => host ?? "" },
  {
    head: "Up",
    isNumber: true,
    cell: ({ share, met }) => markup`<span class="${met ? "good" : "bad"}">${formatShare(share)}</span>`,
  },
  { head: "Down for", cell: ({ downMs }) => formatDuration(downMs) },
  { head: "Outages", isNumber: true, cell: ({ outages }) => outages },
  { head: "Longest", cell: ({ longestOutageMs }) => formatDuration(longestOutageMs) },
  { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
];

const TIME_COLUMNS: readonly Column<HealingTimeRow>[] = [
  { head: "Time", isName: true, cell: ({ stretch }) => stretch },
  { head: "Median", cell: ({ median }) => median },
  { head: "95 % within", cell: ({ p95 }) => p95 },
  { head: "Longest", cell: ({ longest }) => longest },
];
