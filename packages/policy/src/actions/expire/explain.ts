import { formatDuration, formatInstant, unreachable } from "@shipkeeper/kit";
import type { Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { explainLimit } from "../limits.ts";
import { expireReasonSchema, type ExpireReason } from "./reason.ts";
import { EXPIRE_LABEL } from "./spec.ts";

/** `31 days old (limit 30 days), announced 2030-01-28 02:00Z` */
export function explainExpire(verdict: Verdict): string {
  const reason = expireReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `announces 1, stops 2, removes 1 of 50` */
export function summarizeExpire(verdicts: readonly Verdict[]): string {
  const count = (wanted: string) => verdicts.filter(({ decision }) => decision === wanted).length;
  const parts = [
    ["announces", count("announce")],
    ["stops", count("stop")],
    ["removes", count("remove")],
  ] as const;
  const told = parts.filter(([, steps]) => steps > 0).map(([verb, steps]) => `${verb} ${steps}`);
  return `${told.length === 0 ? "stops none" : told.join(", ")} of ${verdicts.length}`;
}

function sentence(reason: ExpireReason): string {
  switch (reason.why) {
    case "ends-soon":
      return `${aged(reason)}, its owner is told that it ends ${formatInstant(reason.endsAt)}`;
    case "expired":
      return `${aged(reason)}, announced ${formatInstant(reason.announcedAt)}`;
    case "kept-long-enough":
      return `stopped by this rule ${formatDuration(reason.stoppedForMs)} ago (limit ${formatDuration(reason.limitMs)})`;

    case "announced":
      return `announced ${formatInstant(reason.announcedAt)}, ends ${formatInstant(reason.endsAt)}`;
    case "grace":
      return `its end was ${formatInstant(reason.toldEnd)}, and it is left until ${formatInstant(reason.endsAt)}`;
    case "limit":
      return explainLimit(reason);

    case "inventory-incomplete":
      return `the list of ${reason.section} is not complete`;
    case "never-touch":
      return `never touched on this host (${reason.by})`;
    case "orchestrated":
      return `managed by ${reason.by}, which has its own rules for how long things run`;
    case "database":
      return `a database (${reason.by}) that the rule does not name`;
    case "auto-remove":
      return "the engine would remove it instead of keeping it stopped";
    case "restart-always":
      return "its restart policy always would start it again with the engine";
    case "guest":
      return `${reason.container} lives in its network`;

    case "exception":
      return explainException(reason);
    case "not-selected":
      return "not selected";
    case "label-unreadable":
      return `its label ${EXPIRE_LABEL}=${reason.label} is no duration such as 8h or 30d`;
    case "self":
      return "belongs to the agent";
    case "state":
      return `is ${reason.state}`;
    case "not-running":
      return "does not run";
    case "age-unknown":
      return "its age is not known";
    case "young":
      return aged(reason);
    case "kept-stopped": {
      const stopped = `stopped by this rule ${formatInstant(reason.stoppedAt)}`;
      return reason.removedFrom === undefined
        ? stopped
        : `${stopped}, removed from ${formatInstant(reason.removedFrom)}`;
    }
    default:
      return unreachable(reason);
  }
}

function aged({ ageMs, limitMs }: { readonly ageMs: number; readonly limitMs: number }): string {
  return `${formatDuration(ageMs)} old (limit ${formatDuration(limitMs)})`;
}
