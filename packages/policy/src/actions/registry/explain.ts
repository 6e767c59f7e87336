import { formatBytes, formatDuration, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainLimit } from "../limits.ts";
import { explainOther } from "../explain-other.ts";
import { registryReasonSchema, type RegistryReason } from "./reason.ts";

/** `pushed 120 days ago (limit 90 days)` */
export function explainRegistry(verdict: Verdict): string {
  const reason = registryReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `deletes 12 of 340 images, lets garbage collection free 1.2 GB` */
export function summarizeRegistry(verdicts: readonly Verdict[]): string {
  const steps = verdicts.filter(isStep);
  if (steps.length === 0) return "deletes nothing";
  const bytes = steps.reduce((total, step) => total + (step.bytes ?? 0), 0);
  return `deletes ${steps.length} of ${verdicts.length} images, lets garbage collection free ${formatBytes(bytes)}`;
}

const WORD = { pushed: "first seen", created: "built" } as const;

function sentence(reason: RegistryReason): string {
  switch (reason.why) {
    case "old":
    case "too-young":
      return `${WORD[reason.by]} ${formatDuration(reason.ageMs)} ago (limit ${formatDuration(reason.limitMs)})`;
    case "untagged":
    case "untagged-recently":
      return `without a tag for ${formatDuration(reason.untaggedForMs)} (limit ${formatDuration(reason.limitMs)})`;
    case "part-of-removed":
      return `part of ${reason.index}, which goes`;

    case "other-host":
      return `kept by host ${reason.host}`;
    case "not-listed":
      return `this host's configuration names no registry ${reason.registry}, or it was not looked at`;
    case "listing-incomplete":
      return `the list of ${reason.of} is not complete: ${reason.problem}`;

    case "inventory-incomplete":
      return `the list of ${reason.section} of this host is not complete`;
    case "fleet-list-missing":
      return "the fleet's list of images in use is missing";
    case "fleet-list-stale":
      return reason.ageMs < 0
        ? "the fleet's list of images in use is from the future: the clock was set back"
        : `the fleet's list of images in use is ${formatDuration(reason.ageMs)} old (limit ${formatDuration(reason.limitMs)})`;
    case "fleet-list-shorter":
      return `the fleet's list of images in use is suddenly shorter (${reason.count} of ${reason.mostCount})`;
    case "limit":
      return explainLimit(reason);
    case "never-touch":
      return `never touched on this host (${reason.by})`;

    case "exception":
      return explainException(reason);
    case "excepted":
      return `excepted by ${reason.by}`;
    case "used-here":
      return "used by this host";
    case "used-by-fleet":
      return `used by a host ${formatDuration(reason.usedMsAgo)} ago (limit ${formatDuration(reason.limitMs)})`;
    case "newest-of-repository":
      return reason.keepNewest === 1
        ? "newest of its repository"
        : `one of the ${reason.keepNewest} newest of its repository`;
    case "part-of":
      return reason.other === ""
        ? "something that stays needs it"
        : `${reason.other} stays and belongs to it`;
    case "just-arrived":
      return `first seen ${formatDuration(Math.max(0, reason.ageMs))} ago: who pushed it may be at work`;
    case "age-unknown":
      return "its build time is not known";
    case "unreadable":
      return "of a kind that this version cannot read";
    case "broken-tag":
      return "its tag leads to nothing";
    case "untagged-off":
      return "what has no tag stays under this rule";
    default:
      return unreachable(reason);
  }
}
