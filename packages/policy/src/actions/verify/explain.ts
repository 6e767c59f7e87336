import { formatDuration, formatInstant, formatShare, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { verifyReasonSchema, type VerifyReason } from "./reason.ts";

/** `part 3/32 of its bytes, 25 % were read so far` */
export function explainVerify(verdict: Verdict): string {
  const reason = verifyReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `checks 2 repositories, compares 3 datasets with their source` */
export function summarizeVerify(verdicts: readonly Verdict[]): string {
  const steps = verdicts.filter(isStep);
  const repositories = steps.filter(({ target }) => target.type === "repository").length;
  const samples = steps.length - repositories;
  const parts = [
    ...(repositories > 0
      ? [`checks ${repositories} ${repositories === 1 ? "repository" : "repositories"}`]
      : []),
    ...(samples > 0 ? [`compares ${samples} dataset${samples === 1 ? "" : "s"} with the source`] : []),
  ];
  return parts.length === 0 ? "nothing is due" : parts.join(", ");
}

function sentence(reason: VerifyReason): string {
  switch (reason.why) {
    case "never-checked":
      return "its structure was never checked";
    case "structure-due":
      return `its structure was checked ${formatDuration(reason.ageMs)} ago`;
    case "never-read":
      return `part ${reason.subset} of its bytes, none were read so far`;
    case "bytes-due":
      return `part ${reason.subset} of its bytes${reason.share < 1 ? `, ${formatShare(reason.share)} were read so far` : ""}`;
    case "found-damaged":
      return `found damaged ${formatDuration(reason.ageMs)} ago${reason.subset === undefined ? "" : ` in part ${reason.subset} of its bytes`}`;
    case "never-compared":
      return `from ${reason.repository}, never compared`;
    case "sample-due":
      return `from ${reason.repository}, compared ${formatDuration(reason.ageMs)} ago`;
    case "fresh":
      return `${reason.repository === undefined ? "checked" : `from ${reason.repository}, compared`} ${formatDuration(reason.ageMs)} ago, next ${formatInstant(reason.nextAt)}`;
    case "run-full":
      return `from ${reason.repository}, with the next run: one compares ${reason.most}`;
    case "empty":
      return "holds nothing of this host yet";
    case "repository-unknown":
      return "this host knows no such repository";
    case "never-touch":
      return `from ${reason.repository}, never touched on this host (${reason.by})`;
    case "exception":
      return explainException(reason);
    case "source-gone":
      return `from ${reason.repository}, the source is gone`;
    case "no-source":
      return `from ${reason.repository}, has no files to compare with: a drill proves it`;
    default:
      return unreachable(reason);
  }
}
