import { formatBytes, formatDuration, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { drillReasonSchema, type DrillReason } from "./reason.ts";

/** `from offsite on shop-db, last drilled 8 days ago` */
export function explainDrill(verdict: Verdict): string {
  const reason = drillReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `drills volume:shop-data, 2 others wait` */
export function summarizeDrill(verdicts: readonly Verdict[]): string {
  const [step] = verdicts.filter(isStep);
  const waiting = verdicts.filter(({ decision }) => decision === "wait").length;
  const others = waiting === 0 ? "" : `, ${waiting} wait${waiting === 1 ? "s" : ""}`;
  return `${step === undefined ? "drills nothing" : `drills ${step.target.name}`}${others}`;
}

function sentence(reason: DrillReason): string {
  switch (reason.why) {
    case "never-drilled":
      return `${from(reason)}, never drilled`;
    case "due":
      return `${from(reason)}, last drilled ${formatDuration(reason.ageMs)} ago`;
    case "failed-last":
      return `${from(reason)}, failed ${formatDuration(reason.ageMs)} ago`;
    case "repository-unknown":
      return `this host knows no repository ${reason.repository}`;
    case "no-restore-point":
      return "no repository of the rule holds a restore point of it";
    case "one-at-a-time":
      return `${reason.first} is drilled first`;
    case "no-room":
      return `needs ${formatBytes(reason.needBytes)}, and the disk has ${formatBytes(reason.freeBytes)} to spare`;
    case "drilled":
      return `drilled ${formatDuration(reason.ageMs)} ago (every ${formatDuration(reason.everyMs)})`;
    case "failed":
      return `failed ${formatDuration(reason.ageMs)} ago, tried again after ${formatDuration(reason.againMs)}`;
    case "kind":
      return `of kind ${reason.kind}: there is nothing to start on it`;
    case "dump":
      return `only a database that takes it can prove a dump: ${MISSING[reason.lacks](reason.hook)}`;
    case "exception":
      return explainException(reason);
    default:
      return unreachable(reason);
  }
}

const MISSING: Readonly<Record<Extract<DrillReason, { why: "dump" }>["lacks"], (hook: string) => string>> = {
  start: () => "the rule says `start: false`",
  restore: (hook) => `hook ${hook} of the host's guardrails has no \`restore\``,
  container: () => "no container of this host uses its volume",
};

function from({ repository, on }: { repository: string; on?: string | undefined }): string {
  return on === undefined ? `from ${repository}` : `from ${repository} on ${on}`;
}
