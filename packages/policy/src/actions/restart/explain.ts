import { formatDuration, formatInstant, unreachable } from "@shipkeeper/kit";
import type { Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { restartReasonSchema, type RestartReason } from "./reason.ts";

/** `unhealthy for 90 seconds (limit 60 seconds), try 2 of 5` */
export function explainRestart(verdict: Verdict): string {
  const reason = restartReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `restarts 1 of 12, gives up on 1` */
export function summarizeRestart(verdicts: readonly Verdict[]): string {
  const count = (wanted: string) => verdicts.filter(({ decision }) => decision === wanted).length;
  const restarts = count("restart") === 0 ? "restarts none" : `restarts ${count("restart")}`;
  const givenUp = count("give-up") === 0 ? "" : `, gives up on ${count("give-up")}`;
  return `${restarts} of ${verdicts.length}${givenUp}`;
}

function sentence(reason: RestartReason): string {
  switch (reason.why) {
    case "unhealthy": {
      const forHowLong = `unhealthy for ${formatDuration(reason.unhealthyForMs)}`;
      return `${forHowLong} (limit ${formatDuration(reason.afterMs)}), try ${reason.attempt} of ${reason.attempts}`;
    }
    case "confirming":
      return `unhealthy for ${formatDuration(reason.unhealthyForMs)} (limit ${formatDuration(reason.afterMs)})`;
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
