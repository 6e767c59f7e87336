/** A post-mortem as one page that needs nothing else: what happened in plain words, then everything that was seen. */
import { formatInstant, printable } from "@shipkeeper/kit";
import type { ApiPostMortemDetail, Evidence, Usage } from "@shipkeeper/protocol";
import { REPORT_CONTENT_POLICY } from "../render-html.ts";
import { nothing, section, table, type Column } from "../html/parts.ts";
import { STYLE } from "../html/style.ts";
import { markup, written, type Insertable, type Markup } from "../html/template.ts";
import { counted } from "../wording.ts";
import { limitsInWords, loadInWords, metricInWords, timeOf, valueInWords } from "./words.ts";

export function renderPostMortemPage(told: ApiPostMortemDetail): string {
  const { container, host, at, story, owner } = told;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${REPORT_CONTENT_POLICY}">
<meta name="referrer" content="no-referrer">
<title>Post-mortem of ${container.name} on ${host}</title>
${STYLE}
${OWN_STYLE}
</head>
<body>
<main>
<header>
<p>Post-mortem, ${formatInstant(at)}${owner !== undefined && `, owner ${printable(owner, 60)}`}</p>
<h1>${printable(container.name, 100)} on ${printable(host, 100)}</h1>
</header>
<section><p class="story">${written(story)}</p></section>
${timelineSection(told)}${healthSection(told)}${logSection(told)}${usageSection(told)}${processesSection(told)}${surroundings(told)}${missingSection(told)}
<footer><p>Secrets are masked on the host before anything leaves it. Times are UTC, by the host's clock.</p>
<p>Shipkeeper</p></footer>
</main>
</body>
</html>
`.toString();
}

const OWN_STYLE = markup`<style>
.story { font-size: 1.1rem; margin: 0; max-width: 60rem; }
pre { margin: 0; font: .8125rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
pre .stderr { color: var(--bad); }
.usage { display: grid; grid-template-columns: max-content minmax(8rem, 1fr) max-content; gap: .5rem .75rem; align-items: center; font-size: .875rem; }
.usage svg { width: 100%; height: 2rem; border-bottom: 1px solid var(--line); }
.usage polyline { fill: none; stroke: var(--sea); stroke-width: 2; vector-effect: non-scaling-stroke; }
@media (max-width: 44rem) { .usage { grid-template-columns: 1fr; gap: .125rem; } }
</style>`;

function timelineSection({ timeline, at }: ApiPostMortemDetail): Markup {
  const columns: Column<ApiPostMortemDetail["timeline"][number]>[] = [
    { head: "When", cell: (moment) => markup`<span class="time">${timeOf(moment.at, at)}</span>` },
    { head: "What", isSentence: true, cell: ({ what }) => what },
  ];
  return section("What happened when", table(columns, timeline));
}

function healthSection({ evidence: { health }, at }: ApiPostMortemDetail): Markup | undefined {
  if (health === undefined || health.status === "none") return undefined;
  const answers = health.outputs.map(({ startedAt, endedAt, exitCode, output }) => {
    const when = endedAt ?? startedAt;
    return markup`<h3>${when !== undefined && `${timeOf(when, at)}, `}exit ${exitCode}</h3>${
      output.trim() === "" ? nothing("Without a word.") : markup`<pre>${written(output.trimEnd())}</pre>`
    }`;
  });
  return section(
    `What its health check said last: ${health.status}`,
    answers.length === 0 ? nothing("Nothing.") : answers,
  );
}

function logSection({ evidence: { log }, at }: ApiPostMortemDetail): Markup {
  const { lines, cut, problem } = log;
  const rows = lines.map(
    (line) =>
      markup`<span class="${line.stream}">${line.at !== undefined && `${timeOf(line.at, at)} `}${written(line.text)}</span>\n`,
  );
  return section(
    `The end of its log${lines.length === 0 ? "" : `, ${counted(lines.length, "line")}`}`,
    problem !== undefined && nothing(problem),
    cut > 0 &&
      markup`<p class="quiet small">${counted(cut, "older line")} left out: all together were too long.</p>`,
    lines.length > 0 && markup`<pre>${rows}</pre>`,
    lines.length === 0 && problem === undefined && nothing("It wrote nothing."),
  );
}

function usageSection({ evidence: { usage } }: ApiPostMortemDetail): Markup {
  if (usage.length === 0) return section("What it used", nothing("Nothing was measured."));
  const rows = usage.map(
    ({ metric, unit, min, max, last, points }) =>
      markup`<span>${metricInWords(metric)}</span>${curve({ metric, points, max, unit, min, last })}<span>${valueInWords(last, unit)} at last, ${valueInWords(min, unit)} to ${valueInWords(max, unit)}</span>\n`,
  );
  return section("What it used in the last minutes", markup`<div class="usage">${rows}</div>`);
}

const WIDTH = 300;
const HEIGHT = 30;

/** From nothing up to the most that was seen, so that a steady use is a line at the top and a growing one climbs. */
function curve({ metric, points, max, min, unit }: Usage): Markup {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined || first.at === last.at) return markup`<span></span>`;
  const x = (at: number) => ((WIDTH * (at - first.at)) / (last.at - first.at)).toFixed(1);
  const y = (value: number) => (HEIGHT - (HEIGHT * value) / Math.max(max, Number.MIN_VALUE)).toFixed(1);
  const says = `${metricInWords(metric)}: ${valueInWords(min, unit)} to ${valueInWords(max, unit)}`;
  const line = points.map(({ at, value }) => markup`${x(at)},${y(value)} `);
  return markup`<svg viewBox="0 -2 ${WIDTH} ${HEIGHT + 4}" preserveAspectRatio="none" role="img" aria-label="${says}"><polyline points="${line}"/></svg>`;
}

function processesSection({ evidence: { processes } }: ApiPostMortemDetail): Markup | undefined {
  if (processes === undefined || processes.length === 0) return undefined;
  const columns: Column<NonNullable<Evidence["processes"]>[number]>[] = [
    { head: "Process", cell: ({ pid }) => String(pid) },
    { head: "User", cell: ({ user }) => user ?? "" },
    { head: "Command", isSentence: true, cell: ({ command }) => command },
  ];
  return section("Its processes", table(columns, processes));
}

function surroundings({ evidence, container, sign, runId, incidentId }: ApiPostMortemDetail): Markup {
  const { limits, mounts, networks, hostLoad, restartCount } = evidence;
  const facts: [string, Insertable][] = [
    ["Image", [container.image, container.imageId !== undefined && ` (${container.imageId})`]],
    ["Container", container.id],
    ["Limits", limitsInWords(limits)],
    ["Restarts by the engine", restartCount === undefined ? "not known" : String(restartCount)],
    [
      "Mounts",
      inWords(
        mounts.map(
          ({ what, destination, readOnly }) => `${what} at ${destination}${readOnly ? ", read only" : ""}`,
        ),
      ),
    ],
    ["Networks", inWords(networks)],
    ["Host", loadInWords(hostLoad)],
    ["Diagnosis", sign ?? "none"],
    ["Run", runId ?? "none"],
    ["Incident", incidentId ?? "none"],
  ];
  const columns: Column<[string, Insertable]>[] = [
    { head: "What", isName: true, cell: ([name]) => name },
    { head: "Is", isSentence: true, cell: ([, value]) => value },
  ];
  return section("What it was and where it stood", table(columns, facts));
}

const inWords = (things: readonly string[]): Insertable =>
  things.length === 0 ? "none" : things.map((thing, place) => [place > 0 && "; ", printable(thing)]);

function missingSection({ evidence: { missing } }: ApiPostMortemDetail): Markup | undefined {
  if (missing.length === 0) return undefined;
  return section(
    "What could not be had",
    missing.map(({ what, why }) => markup`<p>${what}: ${why}</p>`),
  );
}
