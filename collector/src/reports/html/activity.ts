/** What was done and why, what was left and why, and what can be restored. */
import { formatBytes, formatInstant } from "@shipkeeper/kit";
import { drillInWords, missesTarget } from "../drills.ts";
import type { DoneStep, FleetReport, HeldReason } from "@shipkeeper/protocol";
import {
  actionInWords,
  ago,
  codeInWords,
  counted,
  decisionInWords,
  exampleInWords,
  spanOf,
} from "../wording.ts";
import { nothing, section, table, type Column } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

const STATUS_TONES = { done: "good", skipped: "quiet", failed: "bad", unknown: "bad" } as const;

export function doneSection(report: FleetReport): Markup {
  const { byAction, steps, moreSteps } = report.done;
  const title = `What was done in ${spanOf(report)}`;
  if (byAction.length === 0) return section(title, nothing("Nothing was due, or nothing was needed."));
  const columns: Column<DoneStep>[] = [
    { head: "When", cell: ({ at }) => markup`<span class="time">${formatInstant(at).slice(5)}</span>` },
    { head: "Host", cell: ({ host }) => host },
    { head: "What", isName: true, cell: ({ decision, target }) => `${decision} ${target}` },
    { head: "Why", isSentence: true, cell: ({ because }) => because },
    {
      head: "Ended",
      cell: ({ status, trouble, bytes }) => [
        markup`<span class="${STATUS_TONES[status]}">${status}</span>`,
        bytes !== undefined && `, ${formatBytes(bytes)}`,
        trouble !== undefined && `: ${trouble}`,
      ],
    },
    { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
  ];
  return section(
    title,
    byAction.map((action) => markup`<p>${actionInWords(action)}</p>`),
    table(columns, steps),
    moreSteps > 0 && markup`<p class="small quiet">And ${counted(moreSteps, "more step")}.</p>`,
  );
}

export function heldBackSection({ heldBack }: FleetReport): Markup {
  const { byReason, waitingRules } = heldBack;
  if (byReason.length + waitingRules.length === 0) {
    return section("What was left alone, and why", nothing("No round has reported yet."));
  }
  const reasons: Column<HeldReason>[] = [
    { head: "Left", isName: true, cell: ({ count, decision }) => `${count} ${decisionInWords(decision)}` },
    { head: "By", cell: ({ action }) => action },
    { head: "Because", cell: ({ why }) => codeInWords(why) },
    { head: "Where", isSentence: true, cell: exampleInWords },
  ];
  return section(
    "What was left alone, and why",
    byReason.length > 0 && table(reasons, byReason),
    waitingRules.length > 0 && markup`<h3>Rules that wait</h3>`,
    waitingRules.map(({ rule, why, hosts }) => markup`<p>${rule}: ${why}, on ${counted(hosts, "host")}</p>`),
  );
}

export function restorePointsSection({ restorePoints, at }: FleetReport): Markup {
  const { total, datasets, unprotected } = restorePoints;
  const saved = table(
    [
      { head: "Dataset", isName: true, cell: ({ dataset }) => dataset },
      { head: "Host", cell: ({ host }) => host },
      { head: "Newest", cell: ({ newestAt }) => ago(newestAt, at) },
      { head: "Kept", cell: ({ points, bytes }) => `${counted(points, "point")}, ${formatBytes(bytes)}` },
      { head: "In", cell: ({ repositories }) => repositories.join(", ") },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
    ],
    datasets,
  );
  const bare = table(
    [
      { head: "Volume", isName: true, cell: ({ volume }) => volume },
      { head: "Host", cell: ({ host }) => host },
      {
        head: "Size",
        cell: ({ sizeBytes }) => (sizeBytes === undefined ? "not measured" : formatBytes(sizeBytes)),
      },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
    ],
    unprotected,
  );
  return section(
    "Restore points",
    markup`<p>${counted(total, "restore point")} of ${counted(datasets.length, "dataset")};
${unprotected.length === 0 ? "every named volume in use has one." : `${counted(unprotected.length, "volume")} in use without any.`}</p>`,
    unprotected.length > 0 && markup`<h3>Without any</h3>${bare}`,
    datasets.length > 0 && markup`<h3>The longest not backed up first</h3>${saved}`,
  );
}

export function drillsSection({ drills, at }: FleetReport): Markup {
  const { total, failed, newest, undrilled } = drills;
  const tried = table(
    [
      { head: "Dataset", isName: true, cell: ({ dataset }) => dataset },
      { head: "Host", cell: ({ host }) => host },
      { head: "Drilled", cell: (drill) => ago(drill.at, at) },
      { head: "From", cell: ({ repository }) => repository },
      {
        head: "Result",
        isSentence: true,
        cell: (drill) =>
          markup`<span class="${drill.passed ? (missesTarget(drill) ? "warn" : "good") : "bad"}">${drillInWords(drill)}</span>`,
      },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
    ],
    newest,
  );
  const never = table(
    [
      { head: "Dataset", isName: true, cell: ({ dataset }) => dataset },
      { head: "Host", cell: ({ host }) => host },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
    ],
    undrilled,
  );
  return section(
    "Drills",
    markup`<p>${counted(total, "dataset")} drilled, ${failed} of them in vain the last time;
${undrilled.length === 0 ? "none with a restore point is undrilled." : `${counted(undrilled.length, "dataset")} never drilled.`}</p>`,
    total > 0 && tried,
    undrilled.length > 0 && markup`<h3>Never drilled</h3>${never}`,
  );
}

export function unownedSection({ unowned, owner }: FleetReport): Markup | undefined {
  const { containers, images, volumes, examples } = unowned;
  if (owner !== undefined) return undefined;
  if (containers + images + volumes === 0)
    return section("Without an owner", nothing("Nothing: somebody answers for everything."));
  return section(
    "Without an owner",
    markup`<p>${counted(containers, "container")}, ${counted(images, "image")} and ${counted(volumes, "volume")}.
Owners come from labels, then from the policy's owner map.</p>`,
    table(
      [
        { head: "What", isName: true, cell: ({ what }) => what },
        { head: "Host", cell: ({ host }) => host },
      ],
      examples,
    ),
  );
}
