import { formatDuration, formatInstant, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { restartReasonSchema, type RestartReason } from "./reason.ts";

/** `unhealthy for 90 seconds (limit 60 seconds), try 2 of 5` */
export function explainRestart(verdict: Verdict): string {
  const reason = restartReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `heals 1 of 12, gives up on 1, hands over 2` */
export function summarizeRestart(verdicts: readonly Verdict[]): string {
  const count = (wanted: string) => verdicts.filter(({ decision }) => decision === wanted).length;
  const steps = verdicts.filter(isStep).length;
  const parts = [
    `heals ${steps === 0 ? "none" : steps} of ${verdicts.length}`,
    ...(count("give-up") === 0 ? [] : [`gives up on ${count("give-up")}`]),
    ...(count("hand-over") === 0 ? [] : [`hands over ${count("hand-over")}`]),
  ];
  return parts.join(", ");
}

function sentence(reason: RestartReason): string {
  switch (reason.why) {
    case "unhealthy":
    case "ghost":
    case "probe-failed":
      return `${reason.evidence}, try ${reason.attempt} of ${reason.attempts}`;
    case "confirming":
    case "crash-loop":
    case "unkillable":
    case "health-stale":
      return reason.evidence;
    case "backing-off": {
      const failures = `${reason.failures} ${reason.failures === 1 ? "try" : "tries"} did not help`;
      return `${failures}, next one from ${formatInstant(reason.nextAt)}`;
    }
    case "verifying":
      return `restarted ${formatInstant(reason.triedAt)}, its health check has until ${formatInstant(reason.until)}`;
    case "budget-used":
      return `restarted ${reason.attempts} times within ${formatDuration(reason.perMs)}: somebody must look`;
    case "never-touch":
      return `never touched on this host (${reason.by})`;
    case "auto-remove":
      return "the engine would remove it instead of starting it again";
    case "limit":
      return `${reason.limit} is ${reason.most}`;
    case "not-selected":
      return "not selected";
    case "self":
      return "belongs to the agent";
    case "orchestrated":
      return `managed by ${reason.by}`;
    case "not-running":
      return "does not run";
    case "state":
      return `is ${reason.state}`;
    case "healthy":
      return "healthy";
    case "starting":
      return "starting";
    case "exception":
      return explainException(reason);
    default:
      return unreachable(reason);
  }
}
