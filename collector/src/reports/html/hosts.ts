import { formatBytes } from "@shipkeeper/kit";
import type { FleetReport, ReportedHost } from "@shipkeeper/protocol";
import { ageInWords, ago, counted, forecastInWords, shareOf } from "../wording.ts";
import { bar, bars, nothing, section, table, type Column, type Tone } from "./parts.ts";
import { markup, type Insertable, type Markup } from "./template.ts";

export function hostsSection(report: FleetReport): Markup {
  const { hosts, at } = report;
  if (hosts.length === 0) return section("Hosts", nothing("None."));
  const columns: Column<ReportedHost>[] = [
    { head: "Host", isName: true, cell: ({ host }) => host },
    {
      head: "Last seen",
      cell: ({ silent, lastSeenAt }) =>
        silent ? markup`<span class="bad">silent, ${ago(lastSeenAt, at)}</span>` : ago(lastSeenAt, at),
    },
    {
      head: "Containers",
      cell: ({ running, containers, unhealthy }) => [
        `${running} of ${containers} run`,
        unhealthy > 0 && markup`, <span class="bad">${unhealthy} unhealthy</span>`,
      ],
    },
    { head: "Oldest running", cell: ({ oldestRunningDays }) => ageInWords(oldestRunningDays) },
    {
      head: "Image cache",
      cell: ({ cacheBytes, images, reclaimableBytes }) =>
        markup`${formatBytes(cacheBytes)} in ${counted(images, "image")}, <span class="quiet">${reclaimableBytes === 0 ? "nothing" : formatBytes(reclaimableBytes)} to free</span>`,
    },
    { head: "Disk", cell: ({ disks }) => disks.map(disk) },
    { head: "Last backup", cell: ({ newestRestorePointAt }) => ago(newestRestorePointAt, at) },
  ];
  return section("Hosts", table(columns, hosts));
}

function disk({ totalBytes, freeBytes, forecast }: ReportedHost["disks"][number]): Insertable {
  const used = shareOf(totalBytes - freeBytes, totalBytes);
  const tone: Tone = used >= 90 ? "bad" : used >= 80 ? "warn" : "";
  const trouble = forecast.kind === "fills" ? (forecast.daysLeft <= 7 ? "bad" : "warn") : "quiet";
  return markup`${bar(`${used} % used`, [{ percent: used, tone }])}${formatBytes(freeBytes)} free,
<span class="${trouble}">${forecastInWords(forecast)}</span>`;
}

export function containersSection({ containers, at }: FleetReport): Markup {
  const { total, byState, byHealth, needPerson } = containers;
  const line = (label: string, count: number, tone: Tone) => ({
    label,
    number: count,
    says: `${count} of ${total}`,
    pieces: [{ percent: shareOf(count, total), tone }],
  });
  const patients = table(
    [
      { head: "Container", isName: true, cell: ({ container }) => container },
      { head: "Host", cell: ({ host }) => host },
      { head: "Why", isSentence: true, cell: ({ why }) => why },
      { head: "Since", cell: ({ since }) => (since === undefined ? "" : ago(since, at)) },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
    ],
    needPerson,
  );
  return section(
    "Containers",
    markup`<div class="pair">
<div><h3>State</h3>${bars(byState.map(({ state, count }) => line(state, count, STATE_TONES[state] ?? "soft")))}</div>
<div><h3>Health</h3>${bars(byHealth.map(({ health, count }) => line(HEALTH_WORDS[health], count, HEALTH_TONES[health])))}</div>
</div>`,
    needPerson.length > 0 && markup`<h3>A person is needed</h3>${patients}`,
  );
}

const STATE_TONES: Partial<Record<FleetReport["containers"]["byState"][number]["state"], Tone>> = {
  running: "good",
  restarting: "warn",
  dead: "bad",
};
const HEALTH_TONES = { healthy: "good", starting: "warn", unhealthy: "bad", none: "soft" } as const;
const HEALTH_WORDS = {
  healthy: "healthy",
  starting: "starting",
  unhealthy: "unhealthy",
  none: "not checked",
} as const;
