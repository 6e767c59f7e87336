import { formatDuration, formatInstant, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { explainWait } from "./explain-wait.ts";
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
    case "probe-failed": {
      const { evidence, attempt, attempts, later } = reason;
      return later
        ? `${evidence}, one more try long after the last`
        : `${evidence}, try ${attempt} of ${attempts}`;
    }
    case "confirming":
    case "crash-loop":
    case "unkillable":
    case "health-stale":
      return reason.evidence;
    case "backing-off":
      return `${tries(reason.failures)} did not help, next one from ${formatInstant(reason.nextAt)}`;
    case "verifying":
      return `restarted ${formatInstant(reason.triedAt)}, its health check has until ${formatInstant(reason.until)}`;
    case "budget-used": {
      const again =
        reason.againAt === undefined ? "" : `, one more try from ${formatInstant(reason.againAt)}`;
      return `${tries(reason.attempts)} did not mend it: somebody must look${again}`;
    }
    case "host-cap":
      return `this host had ${heals(reason)}, next from ${formatInstant(reason.nextAt)}`;
    case "image-cap":
      return `its image had ${heals(reason)}, next from ${formatInstant(reason.nextAt)}`;
    case "cannot-see":
    case "engine-came-up":
    case "host-came-up":
    case "maintenance":
    case "busy":
    case "touched":
    case "start-period":
    case "dependency":
    case "host-storm":
    case "host-pressure":
    case "fleet-storm":
      return explainWait(reason);
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

const tries = (count: number) => (count === 1 ? "1 try" : `${count} tries`);

/** `3 heals in 5 minutes, the most` */
function heals({ most, perMs }: { most: number; perMs: number }): string {
  return `${most} ${most === 1 ? "heal" : "heals"} in ${formatDuration(perMs)}, the most`;
}
