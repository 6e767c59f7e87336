import { formatDuration, formatInstant, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainOther } from "../explain-other.ts";
import { retainReasonSchema, type RetainReason } from "./reason.ts";

/** `31 days old (limit 30 days), in repository local` */
export function explainRetain(verdict: Verdict): string {
  const reason = retainReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `forgets 12 of 340 restore points` */
export function summarizeRetain(verdicts: readonly Verdict[]): string {
  const points = verdicts.filter(({ target }) => target.type === "restore-point");
  const going = points.filter(isStep).length;
  if (going === 0) return "forgets nothing";
  return `forgets ${going} of ${points.length} restore point${points.length === 1 ? "" : "s"}`;
}

function sentence(reason: RetainReason): string {
  const where = `in repository ${reason.repository}`;
  switch (reason.why) {
    case "expired":
    case "within":
      return `${formatDuration(reason.ageMs)} old (limit ${formatDuration(reason.limitMs)}), ${where}`;
    case "gone":
      return `the data is gone from this host, and the newest of it is ${formatDuration(reason.newestAgeMs)} old (limit ${formatDuration(reason.limitMs)}), ${where}`;
    case "safety":
      return `made before a restore in place, ${formatDuration(reason.ageMs)} old (limit ${formatDuration(reason.limitMs)}), ${where}`;
    case "repository-unknown":
      return `this host knows no repository ${reason.repository}`;
    case "not-listed":
      return `repository ${reason.repository} was not listed${reason.problem === undefined ? "" : `: ${reason.problem}`}`;
    case "newest-suspicious":
      return `the newest, ${reason.newest.slice(0, 8)} ${where}, looks wrong: it ${reason.problem}`;
    case "damaged":
      return `repository ${reason.repository} is damaged: ${reason.problem}`;
    case "nothing-recent":
      return `the newest ${where} is ${formatDuration(reason.ageMs)} old (limit ${formatDuration(reason.limitMs)}): nothing new comes, so nothing goes`;
    case "limit":
      return `a run forgets ${reason.items} at most`;
    case "append-only":
      return "append-only: its keeper decides what stays";
    case "newest":
      return `the newest ${where}`;
    case "verified":
      return `the newest that is proven, ${where}`;
    case "nothing-verified":
      return `none is proven: the newest two stay, ${where}`;
    case "bucket":
      return `the last of the ${reason.of} from ${formatInstant(reason.from)}, ${where}`;
    case "from-the-future":
      return `${formatDuration(reason.aheadMs)} ahead of this host's clock, ${where}`;
    default:
      return unreachable(reason);
  }
}
