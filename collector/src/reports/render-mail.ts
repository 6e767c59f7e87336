/**
 * The report as a mail: the owner's own part first, then the fleet in short. Mail programs drop style sheets and know
 * little CSS, so the few styles stand on the elements; all that matters is in the text part, too.
 */
import { formatInstant, printable } from "@shipkeeper/kit";
import { healingInWords, type FleetReport, type Urgency } from "@shipkeeper/protocol";
import { lossInWords, timeBackInWords } from "./recovery-words.ts";
import { availabilityInWords, downtimeInWords } from "./figures-in-words.ts";
import { markup, type Insertable, type Markup } from "./html/template.ts";
import { responseInWords } from "./trouble-words.ts";
import { renderText } from "./render-text.ts";
import {
  URGENCY_WORDS,
  actionInWords,
  ageInWords,
  ago,
  counted,
  findingsInWords,
  scoreInWords,
  spanOf,
} from "./wording.ts";

export interface ReportMailParts {
  readonly own: FleetReport;
  readonly fleet: FleetReport;
  readonly publicUrl: string | undefined;
}

export function composeReportMail(parts: ReportMailParts): { subject: string; html: string; plain: string } {
  const { own, fleet } = parts;
  const urgent = own.next.filter(({ urgency }) => urgency === "now").length;
  const state = urgent === 0 ? "nothing urgent" : `${counted(urgent, "thing")} to do now`;
  return {
    subject: printable(`Fleet report for ${own.owner ?? "the fleet"}: ${state}`),
    html: renderMailHtml(parts),
    plain: `${renderText(own)}\n\n${"-".repeat(72)}\nThe whole fleet: ${fleet.truth}.\n${linkInWords(parts)}`,
  };
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif";
const QUIET = "color:#5c6670;font-size:14px";
const HEADING = `${FONT};font-size:17px;margin:28px 0 8px`;
const CELL = "padding:8px 12px 8px 0;border-top:1px solid #e2e0d9;vertical-align:top;font-size:15px";
const CHIP: Record<Urgency, string> = {
  now: "background:#fbe3e0;color:#b3261e",
  soon: "background:#fbeed5;color:#9a6100",
  plan: "background:#e9e7e0;color:#5c6670",
};

function renderMailHtml({ own, fleet, publicUrl }: ReportMailParts): string {
  const link =
    publicUrl === undefined
      ? undefined
      : markup`<p style="${QUIET}"><a href="${reportAddress(publicUrl)}">Read the whole report</a></p>`;
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Fleet report</title></head>
<body style="margin:0;padding:24px 16px;${FONT};line-height:1.45;overflow-wrap:anywhere"><div style="max-width:640px;margin:0 auto">
<p style="${QUIET};margin:0">Fleet report for ${own.owner}, ${formatInstant(own.at)}</p>
<h1 style="${FONT};font-size:24px;line-height:1.25;margin:6px 0 16px">${own.truth}</h1>
${nextTable(own)}
${listing(
  "Alerts",
  own.trouble.alerts.map((alert) => `${alert.severity}: ${alert.title}; ${responseInWords(alert, own.at)}`),
)}
${listing("Compliance", complianceItems(own))}
${listing("Availability and healing", figureItems(own))}
${listing(
  "Oldest images that run",
  own.images.oldestRunning
    .slice(0, 5)
    .map(({ image, ageDays, host }) => `${image}, ${ageInWords(ageDays)}, on ${host}`),
)}
${listing(
  "Volumes in use without a backup",
  own.restorePoints.unprotected.map(({ volume, host }) => `${volume} on ${host}`),
)}
${listing(
  "Not as agreed with its backup rule",
  own.recovery.worst.map((one) =>
    [`${one.dataset} on ${one.host}: ${one.state}`, lossInWords(one), timeBackInWords(one)]
      .filter((words) => words !== "")
      .join("; "),
  ),
)}
${listing(
  "Backups",
  own.restorePoints.datasets
    .slice(0, 10)
    .map(({ dataset, host, newestAt }) => `${dataset} on ${host}: newest ${ago(newestAt, own.at)}`),
)}
${listing(`What was done for you in ${spanOf(own)}`, own.done.byAction.map(actionInWords))}
<h2 style="${HEADING}">The whole fleet</h2>
<p style="margin:0 0 8px">${fleet.truth}.</p>
${nextTable({ ...fleet, next: fleet.next.slice(0, 5) })}
${link}
</div></body></html>
`.toString();
}

function complianceItems({ compliance }: FleetReport): string[] {
  const { score, open, waived, byCheck } = compliance;
  if (score === undefined && open + waived === 0) return [];
  const worst = byCheck.filter((check) => check.open > 0).slice(0, 5);
  return [
    `${scoreInWords(compliance)}; ${findingsInWords(compliance)}`,
    ...worst.map(
      ({ title, open: count, example: { name, host, says } }) =>
        `${count} × ${title}, for one ${name} on ${host}: ${says}`,
    ),
  ];
}

function figureItems(report: FleetReport): string[] {
  const { availability, healing } = report;
  if (availability.share === undefined && healing.incidents === 0) return [];
  return [
    availabilityInWords(report),
    ...availability.worst
      .slice(0, 5)
      .map((one) => `${one.name}${one.host === undefined ? "" : ` on ${one.host}`}: ${downtimeInWords(one)}`),
    healingInWords(healing),
  ];
}

function nextTable({ next, owner: reader }: FleetReport): Markup {
  if (next.length === 0) return markup`<p style="margin:0">Nothing to do.</p>`;
  const rows = next.map(({ urgency, what, why, owner }) => {
    const chip = markup`<span style="${CHIP[urgency]};border-radius:12px;padding:1px 10px;font-size:13px;font-weight:600">${URGENCY_WORDS[urgency]}</span>`;
    return markup`<tr><td style="${CELL};width:64px">${chip}</td>
<td style="${CELL}"><b>${what}</b><br><span style="${QUIET}">${why}${owner !== undefined && owner !== reader && `, for ${printable(owner, 40)}`}</span></td></tr>\n`;
  });
  return markup`<table role="presentation" style="width:100%;border-collapse:collapse">${rows}</table>`;
}

function listing(title: string, lines: readonly Insertable[]): Markup | undefined {
  if (lines.length === 0) return undefined;
  const items = lines.map((line) => markup`<li style="margin:2px 0">${line}</li>`);
  return markup`<h2 style="${HEADING}">${title}</h2><ul style="margin:0;padding-left:20px;font-size:15px">${items}</ul>`;
}

const reportAddress = (publicUrl: string): string =>
  new URL("/api/v1/reports/fleet?format=html", publicUrl).href;

const linkInWords = ({ publicUrl }: ReportMailParts): string =>
  publicUrl === undefined ? "" : `${reportAddress(publicUrl)}\n`;
