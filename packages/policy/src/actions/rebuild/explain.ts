import { formatDuration, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { rebuildReasonSchema, type RebuildReason } from "./reason.ts";

/** `from offsite, last rebuilt 92 days ago` */
export function explainRebuild(verdict: Verdict): string {
  const reason = rebuildReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `rebuilds web-1 for a try` */
export function summarizeRebuild(verdicts: readonly Verdict[]): string {
  const [step] = verdicts.filter(isStep);
  return step === undefined ? "rebuilds nothing" : `rebuilds ${step.target.name} for a try`;
}

function sentence(reason: RebuildReason): string {
  switch (reason.why) {
    case "never-rebuilt":
      return `from ${reason.repository}, never rebuilt`;
    case "due":
      return `from ${reason.repository}, last rebuilt ${formatDuration(reason.ageMs)} ago`;
    case "failed-last":
      return `from ${reason.repository}, failed ${formatDuration(reason.ageMs)} ago`;
    case "repository-unknown":
      return `this host knows no repository ${reason.repository}`;
    case "itself":
      return "it is this host: a lost host comes back on another one";
    case "rebuilt":
      return `rebuilt ${formatDuration(reason.ageMs)} ago (every ${formatDuration(reason.everyMs)})`;
    case "failed":
      return `failed ${formatDuration(reason.ageMs)} ago, tried again after ${formatDuration(reason.againMs)}`;
    case "exception":
      return explainException(reason);
    default:
      return unreachable(reason);
  }
}
