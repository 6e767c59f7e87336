/** How far the fleet is as its policies want it, and which way that goes. */
import { formatInstant, printable } from "@shipkeeper/kit";
import type { CheckFindings, FleetReport, ReportedCompliance } from "@shipkeeper/protocol";
import { counted, findingsInWords, scoreInWords } from "../wording.ts";
import { bars, nothing, section, table, type Column, type Tone } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

export function complianceSection({ compliance, owner }: FleetReport): Markup {
  const { score, open, waived, byCheck, byOwner, notJudged } = compliance;
  if (score === undefined && open + waived === 0) {
    const words =
      owner === undefined ? "No policy asks for anything yet." : "No policy asks for anything of theirs yet.";
    return section("Compliance", nothing(words));
  }
  return section(
    "Compliance",
    markup`<p>${scoreInWords(compliance)}; ${findingsInWords(compliance)}.</p>`,
    trend(compliance),
    byCheck.length > 0 && markup`<h3>By check, the worst first</h3>${table(CHECK_COLUMNS, byCheck)}`,
    byOwner.length > 0 && markup`<h3>Score by owner, the lowest first</h3>${ownerBars(byOwner)}`,
    notJudged.length > 0 && markup`<h3>Not judged completely</h3>`,
    notJudged.map(({ host, why }) => markup`<p class="quiet small">${host}: ${why}</p>`),
  );
}

export function scoreTone(score: number | undefined): Tone {
  if (score === undefined) return "";
  return score >= 90 ? "good" : score >= 70 ? "warn" : "bad";
}

const CHECK_COLUMNS: readonly Column<CheckFindings>[] = [
  { head: "Finding", isName: true, cell: ({ title }) => title },
  { head: "Severity", cell: ({ severity }) => markup`<span class="${severity}">${severity}</span>` },
  {
    head: "Open",
    cell: ({ open, waived }) => [
      String(open),
      waived > 0 && markup`<span class="quiet">, ${waived} waived</span>`,
    ],
  },
  {
    head: "For one",
    isSentence: true,
    cell: ({ example: { name, host, says } }) => [
      markup`<b>${name}</b> on ${host}: `,
      markup`<span class="quiet">${says}</span>`,
    ],
  },
  { head: "Owner", cell: ({ example }) => example.owner ?? "nobody" },
];

/** A label takes what it needs of the line; the bar gets the rest. */
const MOST_LABEL = 20;

function ownerBars(owners: ReportedCompliance["byOwner"]): Markup {
  return bars(
    owners.map(({ owner = "nobody", open, ...trend }) => ({
      label: printable(owner, MOST_LABEL),
      number: `${trend.score ?? "–"}, ${counted(open, "finding")}`,
      says: scoreInWords(trend),
      pieces: [{ percent: trend.score ?? 0, tone: scoreTone(trend.score) }],
    })),
  );
}

const WIDTH = 600;
const HEIGHT = 60;

/** One line for the score of each day; without two days there is no line to draw. */
function trend({ history }: ReportedCompliance): Markup | undefined {
  const [first] = history;
  const last = history.at(-1);
  if (first === undefined || last === undefined || first.day === last.day) return undefined;
  const x = (day: number) => ((WIDTH * (day - first.day)) / (last.day - first.day)).toFixed(1);
  const y = (score: number) => (HEIGHT - (HEIGHT * score) / 100).toFixed(1);
  const points = history.map(({ day, score }) => markup`${x(day)},${y(score)} `);
  const says = `From ${first.score} on ${dayOf(first.day)} to ${last.score} on ${dayOf(last.day)}`;
  return markup`<div class="trend"><span class="quiet small">100</span><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${says}">
<polyline class="area" points="0,${HEIGHT} ${points}${WIDTH},${HEIGHT}"/><polyline points="${points}"/></svg>
<span class="quiet small">0</span><span class="quiet small days"><span>${dayOf(first.day)}</span><span>${dayOf(last.day)}</span></span></div>`;
}

const dayOf = (day: number): string => formatInstant(day).slice(0, "2030-01-31".length);
