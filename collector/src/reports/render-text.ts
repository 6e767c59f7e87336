/** The report for a terminal and for the text part of a mail: at most 100 columns, no colours, no control characters. */
import { formatBytes, formatInstant } from "@shipkeeper/kit";
import type { FleetReport, ImageGroup, ImageLine, ReportedHost } from "@shipkeeper/protocol";
import { disksToShow, otherDisksInWords } from "./disks.ts";
import { drillInWords } from "./drills.ts";
import { availabilityLines } from "./figure-lines.ts";
import {
  lossInWords,
  recoveryInWords,
  repositoryInWords,
  rungInWords,
  timeBackInWords,
} from "./recovery-words.ts";
import { troubleLines } from "./text-trouble.ts";
import { TEXT_COLUMNS, alignColumns, withBelow, wrap } from "./text-layout.ts";
import {
  BUCKET_WORDS,
  URGENCY_WORDS,
  actionInWords,
  ageInWords,
  ago,
  burstsInWords,
  codeInWords,
  counted,
  decisionInWords,
  exampleInWords,
  findingsInWords,
  forecastInWords,
  matchesInWords,
  scoreInWords,
  spanOf,
  titleOf,
} from "./wording.ts";

export function renderText(report: FleetReport): string {
  const parts = [
    [`${titleOf(report)}, ${formatInstant(report.at)}`, "", ...wrap(`${report.truth}.`)],
    titled("What to do next", nextLines(report)),
    titled("Incidents and alerts", troubleLines(report)),
    titled("Hosts", hostLines(report)),
    titled("Disks", diskLines(report)),
    titled("Compliance", complianceLines(report)),
    titled("Availability and healing", availabilityLines(report)),
    titled("Image ages", ageLines(report)),
    titled("Oldest images that run", oldestLines(report.images.oldestRunning, "nothing")),
    titled("Oldest images that are only cached", oldestLines(report.images.oldestCached, "unused")),
    titled("Images by owner", groupLines(report.images.byOwner, "no owner")),
    titled("Images by base", groupLines(report.images.byBase, "not known")),
    titled("Containers", containerLines(report)),
    titled(`What was done in ${spanOf(report)}`, doneLines(report)),
    titled("What was left alone, and why", heldLines(report)),
    titled("What could be had back", recoveryLines(report)),
    titled("Restore points", restorePointLines(report)),
    titled("Drills", drillLines(report)),
    titled("Post-mortems", postMortemLines(report)),
    titled("Loudest containers", logLines(report)),
    ...(report.owner === undefined ? [titled("Without an owner", unownedLines(report))] : []),
  ];
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function titled(title: string, lines: readonly string[]): string[] {
  return [title.toUpperCase(), ...(lines.length === 0 ? ["nothing"] : lines).map((line) => `  ${line}`)];
}

function nextLines({ next }: FleetReport): string[] {
  if (next.length === 0) return ["Nothing. The fleet looks after itself."];
  const rows = next.map(({ urgency, what, owner }) => [URGENCY_WORDS[urgency], what, owner ?? "no owner"]);
  return withBelow(alignColumns(rows, [4, 66, 22]), (place) => next[place]?.why, 6);
}

function hostLines({ hosts, at }: FleetReport): string[] {
  const row = (host: ReportedHost) => [
    host.host,
    host.silent ? `SILENT, ${ago(host.lastSeenAt, at)}` : ago(host.lastSeenAt, at),
    `${host.running}/${host.containers} run${host.unhealthy > 0 ? `, ${host.unhealthy} sick` : ""}`,
    ageInWords(host.oldestRunningDays),
    formatBytes(host.cacheBytes),
    formatBytes(host.reclaimableBytes),
  ];
  const head = ["host", "last seen", "containers", "oldest runs", "cache", "to free"];
  return alignColumns([head, ...hosts.map(row)], [24, 20, 18, 11, 7, 7]);
}

function diskLines(report: FleetReport): string[] {
  const rows = disksToShow(report).map(({ host, path, usedPercent, freeBytes, forecast }) => [
    host,
    path,
    `${usedPercent} % used`,
    `${formatBytes(freeBytes)} free`,
    forecastInWords(forecast),
  ]);
  const others = otherDisksInWords(report);
  return [
    ...alignColumns(rows, [22, 26, 10, 12, 20]),
    ...(others === undefined ? [] : wrap(others, TEXT_COLUMNS - 2)),
  ];
}

function complianceLines({ compliance }: FleetReport): string[] {
  const { byCheck, byOwner, notJudged, ...score } = compliance;
  const checks = byCheck.map(({ title, severity, open, waived }) => [
    severity,
    title,
    waived === 0 ? String(open) : `${open}, ${waived} waived`,
  ]);
  const exampleOf = (place: number) => {
    const { name, host, says } = byCheck[place]?.example ?? {};
    return name === undefined ? undefined : `${name} on ${host}: ${says}`;
  };
  const owners = byOwner.map(({ owner = "no owner", open, ...trend }) => [
    owner,
    scoreInWords(trend),
    counted(open, "finding"),
  ]);
  return [
    ...wrap(`${scoreInWords(score)}; ${findingsInWords(score)}`, TEXT_COLUMNS - 2),
    ...withBelow(alignColumns(checks, [8, 60, 18]), exampleOf, 10),
    ...alignColumns(owners, [24, 56, 14]),
    ...notJudged.flatMap(({ host, why }) =>
      wrap(`${host} is not judged completely: ${why}`, TEXT_COLUMNS - 2),
    ),
  ];
}

const BAR_WIDTH = 40;

function ageLines({ images }: FleetReport): string[] {
  const { ages, total, cacheBytes, reclaimableBytes } = images;
  const most = Math.max(1, ...ages.map(({ count }) => count));
  const bars = ages.map(({ bucket, count, running }) => {
    const width = Math.ceil((BAR_WIDTH * count) / most);
    const runningWidth = Math.ceil((width * running) / Math.max(1, count));
    const bar = `${"#".repeat(runningWidth)}${"-".repeat(width - runningWidth)}`;
    return `${BUCKET_WORDS[bucket].padEnd(15)}${String(count).padStart(5)}  ${bar}`.trimEnd();
  });
  const size = `${formatBytes(cacheBytes)} in the caches, ${formatBytes(reclaimableBytes)} of it unused`;
  return [`${counted(total, "image")}, ${size}; # runs, - only cached`, ...bars];
}

function oldestLines(images: readonly ImageLine[], unused: string): string[] {
  return alignColumns(
    images.map(({ image, ageDays, host, owner, usedBy }) => [
      image,
      ageInWords(ageDays),
      `${usedBy[0] ?? unused} on ${host}`,
      owner ?? "no owner",
    ]),
    [34, 10, 32, 18],
  );
}

function groupLines(groups: readonly ImageGroup[], nameless: string): string[] {
  const row = ({ name, images, medianDays, oldestDays }: ImageGroup) => [
    name ?? nameless,
    counted(images, "image"),
    `median ${ageInWords(medianDays)}`,
    `oldest ${ageInWords(oldestDays)}`,
  ];
  return alignColumns(groups.map(row), [40, 12, 18, 18]);
}

function containerLines({ containers }: FleetReport): string[] {
  const states = containers.byState.map(({ state, count }) => `${count} ${state}`);
  const healths = containers.byHealth.map(
    ({ health, count }) => `${count} ${health === "none" ? "without a health check" : health}`,
  );
  const { needPerson } = containers;
  const patients = needPerson.map(({ container, host, owner }) => [
    container,
    `on ${host}`,
    owner ?? "no owner",
  ]);
  return [
    ...wrap(`${containers.total}: ${[states.join(", "), healths.join(", ")].join("; ")}`),
    ...withBelow(alignColumns(patients, [44, 28, 20]), (place) => needPerson[place]?.why, 2),
  ];
}

function doneLines({ done }: FleetReport): string[] {
  const rows = done.steps.map(({ at, host, decision, target, status }) => [
    formatInstant(at).slice(5),
    status,
    `${decision} ${target}`,
    `on ${host}`,
  ]);
  const reasonOf = (place: number) => {
    const { because = "", trouble = "" } = done.steps[place] ?? {};
    return [trouble, because].filter((part) => part !== "").join("; planned because: ");
  };
  const more = done.moreSteps > 0 ? [`and ${counted(done.moreSteps, "more step")}`] : [];
  return [
    ...done.byAction.map(actionInWords),
    ...withBelow(alignColumns(rows, [12, 7, 52, 20]), reasonOf, 14),
    ...more,
  ];
}

function heldLines({ heldBack }: FleetReport): string[] {
  const { byReason, waitingRules } = heldBack;
  const rows = byReason.map(({ count, decision, action, why }) => [
    `${count} ${decisionInWords(decision)}`,
    `${action}: ${codeInWords(why)}`,
  ]);
  const exampleOf = (place: number) => {
    const reason = byReason[place];
    return reason === undefined ? undefined : exampleInWords(reason);
  };
  return [
    ...withBelow(alignColumns(rows, [16, 76]), exampleOf, 4),
    ...waitingRules.map(({ rule, why, hosts }) => `${rule} waits on ${counted(hosts, "host")}: ${why}`),
  ];
}

function recoveryLines({ recovery }: FleetReport): string[] {
  const { worst, repositories } = recovery;
  const rows = worst.map((one) => [
    one.state.toUpperCase(),
    one.dataset,
    `on ${one.host}`,
    rungInWords(one),
    one.owner ?? "no owner",
  ]);
  const whyOf = (place: number) => {
    const one = worst[place];
    return one && [lossInWords(one), timeBackInWords(one)].filter((words) => words !== "").join("; ");
  };
  const places = repositories.map((one) => [
    `${one.repository}${one.offsite ? " (off-site)" : ""}`,
    one.troubled === 0
      ? counted(one.hosts, "host")
      : `FAILS on ${one.troubled} of ${counted(one.hosts, "host")}`,
  ]);
  const bytesOf = (place: number) => {
    const one = repositories[place];
    return one && repositoryInWords(one);
  };
  return [
    ...wrap(recoveryInWords(recovery), TEXT_COLUMNS - 2),
    ...withBelow(alignColumns(rows, [8, 30, 20, 24, 12]), whyOf, 10),
    ...withBelow(alignColumns(places, [40, 40]), bytesOf, 10),
  ];
}

function restorePointLines({ restorePoints, at }: FleetReport): string[] {
  const { total, datasets, unprotected } = restorePoints;
  const saved = datasets.map(({ dataset, host, newestAt, points, bytes }) => [
    dataset,
    `on ${host}`,
    `newest ${ago(newestAt, at)}`,
    `${counted(points, "point")}, ${formatBytes(bytes)}`,
  ]);
  const bare = unprotected.map(({ volume, host, owner }) => [
    volume,
    `on ${host}`,
    "NO BACKUP",
    owner ?? "no owner",
  ]);
  return [
    `${counted(total, "restore point")} of ${counted(datasets.length, "dataset")}; ${unprotected.length} in use without any`,
    ...alignColumns([...bare, ...saved], [28, 20, 22, 20]),
  ];
}

function drillLines({ drills: { newest, undrilled }, at }: FleetReport): string[] {
  const never = undrilled.map(({ dataset, host }) => [dataset, `on ${host}`, "NEVER DRILLED"]);
  const tried = newest.map((drill) => [drill.dataset, `on ${drill.host}`, ago(drill.at, at)]);
  return [
    ...alignColumns(never, [28, 20, 22]),
    ...withBelow(
      alignColumns(tried, [28, 20, 22]),
      (place) => newest[place] && `from ${newest[place].repository}, ${drillInWords(newest[place])}`,
      4,
    ),
  ];
}

function postMortemLines({ postMortems: { newest, more } }: FleetReport): string[] {
  const rows = newest.map(({ container, host, at, because }) => [
    container,
    `on ${host}`,
    formatInstant(at).slice(5),
    because,
  ]);
  return [
    ...alignColumns(rows, [28, 20, 12, 34]),
    ...(more === 0 ? [] : [`and ${counted(more, "older one")}`]),
  ];
}

function logLines({ logs }: FleetReport): string[] {
  const rows = logs.loudest.map(({ container, host, keptBytes, growsWithoutEnd, ...log }) => [
    container,
    `on ${host}`,
    `${formatBytes(log.bytesPerMinute)} a minute${log.isBursting ? ", BURSTS" : ""}`,
    `${keptBytes === undefined ? "" : `${formatBytes(keptBytes)} kept`}${growsWithoutEnd ? ", NO ROTATION" : ""}`,
  ]);
  const found = (place: number) => matchesInWords(logs.loudest[place]?.matches ?? []);
  return [
    ...(logs.bursting === 0 ? [] : [burstsInWords(logs)]),
    ...withBelow(alignColumns(rows, [28, 20, 26, 26]), found, 2),
  ];
}

function unownedLines({ unowned }: FleetReport): string[] {
  const { containers, images, volumes, examples } = unowned;
  return [
    `${counted(containers, "container")}, ${counted(images, "image")}, ${counted(volumes, "volume")}`,
    ...alignColumns(
      examples.map(({ what, host }) => [what, `on ${host}`]),
      [60, 30],
    ),
  ];
}
