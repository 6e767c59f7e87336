/** What everybody reads: the sentence of truth, the figures, and what to do next. */
import { formatBytes, formatInstant, formatShare, printable } from "@shipkeeper/kit";
import type { FleetReport, NextThing } from "@shipkeeper/protocol";
import { watchedInWords } from "../figures-in-words.ts";
import { URGENCY_WORDS, counted, spanOf, titleOf } from "../wording.ts";
import { scoreTone } from "./compliance.ts";
import { nothing, section, type Tone } from "./parts.ts";
import { markup, type Insertable, type Markup } from "./template.ts";

export function headline(report: FleetReport): Markup {
  const parts = report.truth.split("; ").map((part, place, all) => {
    return markup`<span class="part">${part}${place < all.length - 1 && ";"}</span> `;
  });
  return markup`<header>
<p>${titleOf(report)}, ${formatInstant(report.at)}. What was done is told for ${spanOf(report)}.</p>
<h1>${parts}</h1>
</header>\n`;
}

export function figures(report: FleetReport): Markup {
  const { hosts, containers, images, done, restorePoints, compliance, availability } = report;
  const { score } = compliance;
  const { missed } = availability;
  const below = missed.services + missed.containers + missed.hosts;
  const silent = hosts.filter((host) => host.silent).length;
  const patients = containers.needPerson.length;
  const unhealthy = containers.byHealth.find(({ health }) => health === "unhealthy")?.count ?? 0;
  const oldest = images.oldestRunning[0];
  const unprotected = restorePoints.unprotected.length;
  const failed = done.byAction.reduce((sum, action) => sum + action.failed, 0);

  return markup`<section class="figures" aria-label="Figures">
${figure(`${hosts.length - silent}/${hosts.length}`, "hosts report", silent > 0 ? "bad" : "good")}
${figure(containers.total, `containers, ${unhealthy} unhealthy`, patients > 0 ? "bad" : unhealthy > 0 ? "warn" : "good")}
${figure(oldest?.ageDays ?? "–", "days, the oldest running image", (oldest?.ageDays ?? 0) > 180 ? "warn" : "")}
${figure(formatBytes(done.freedBytes), `freed, ${failed === 0 ? "nothing failed" : `${counted(failed, "step")} failed`}`, failed > 0 ? "warn" : "")}
${score !== undefined && figure(score, `of 100 compliance, ${counted(compliance.open, "finding")}`, scoreTone(score))}
${availability.share !== undefined && figure(formatShare(availability.share), `up over ${watchedInWords(availability)}, ${below === 0 ? "nothing" : below} below ${availability.target} %`, below > 0 ? "warn" : "good")}
${figure(restorePoints.datasets.length, `datasets with a backup, ${unprotected} volumes without`, unprotected > 0 ? "warn" : "good")}
</section>\n`;
}

function figure(value: Insertable, label: string, tone: Tone): Markup {
  return markup`<div class="figure ${tone}"><b>${value}</b><span>${label}</span></div>`;
}

export function doNext({ next }: FleetReport): Markup {
  if (next.length === 0) return section("What to do next", nothing("Nothing. The fleet looks after itself."));
  return section("What to do next", markup`<ol class="next">${next.map(nextLine)}</ol>`);
}

function nextLine({ urgency, what, why, owner }: NextThing): Markup {
  return markup`<li><span class="chip ${urgency}">${URGENCY_WORDS[urgency]}</span><b>${what}</b>
<span class="who">${owner === undefined ? markup`<span class="quiet">no owner</span>` : printable(owner, 40)}</span><span class="why">${why}</span></li>\n`;
}
