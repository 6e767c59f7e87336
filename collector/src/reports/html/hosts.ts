import { formatBytes } from "@shipkeeper/kit";
import type { FleetReport, ReportedHost } from "@shipkeeper/protocol";
import { disksOf, unforecast, type HostDisk } from "../disks.ts";
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
    { head: "Disk", cell: (host) => fullestDisks(host) },
    { head: "Last backup", cell: ({ newestRestorePointAt }) => ago(newestRestorePointAt, at) },
  ];
  const disks = hosts.flatMap(disksOf);
  const [young] = unforecast(disks);
  return section(
    "Hosts",
    table(columns, hosts),
    young !== undefined && markup`<p class="quiet small">${counted(disks.length, "disk")}; ${young}.</p>`,
  );
}

const DISKS_SHOWN = 2;

function fullestDisks(host: ReportedHost): Insertable {
  const disks = disksOf(host);
  const more = disks.length - DISKS_SHOWN;
  return [
    disks.slice(0, DISKS_SHOWN).map(disk),
    more > 0 && markup`<br><span class="quiet">and ${counted(more, "emptier disk")}</span>`,
  ];
}

function disk({ path, usedPercent, freeBytes, forecast }: HostDisk): Insertable {
  const tone: Tone = usedPercent >= 90 ? "bad" : usedPercent >= 80 ? "warn" : "";
  const trouble = forecast.kind === "fills" ? (forecast.daysLeft <= 7 ? "bad" : "warn") : "quiet";
  const isForecast = forecast.kind === "fills" || forecast.kind === "steady";
  return markup`${bar(`${usedPercent} % used`, [{ percent: usedPercent, tone }])}${formatBytes(freeBytes)} free on ${path}${
    isForecast && markup`, <span class="${trouble}">${forecastInWords(forecast)}</span>`
  }`;
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
