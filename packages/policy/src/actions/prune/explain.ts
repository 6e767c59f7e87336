import { formatBytes, formatDuration, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { explainLimit } from "../limits.ts";
import { pruneReasonSchema, type PruneReason } from "./reason.ts";

/** `unused for 90 days (limit 14 days)` */
export function explainPrune(verdict: Verdict): string {
  const reason = pruneReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `frees 1.2 GB of 3.4 GB`: of what all candidates together would free. */
export function summarizePrune(verdicts: readonly Verdict[]): string {
  const sum = (some: readonly Verdict[]) =>
    formatBytes(some.reduce((total, { bytes }) => total + (bytes ?? 0), 0));
  const steps = verdicts.filter(isStep);
  return steps.length === 0 ? `frees nothing of ${sum(verdicts)}` : `frees ${sum(steps)} of ${sum(verdicts)}`;
}

function sentence(reason: PruneReason): string {
  switch (reason.why) {
    case "unused":
      return `unused for ${formatDuration(reason.unusedForMs)} (limit ${formatDuration(reason.limitMs)})`;
    case "old":
      return `built ${formatDuration(reason.ageMs)} ago (limit ${formatDuration(reason.limitMs)})`;
    case "unused-and-old":
      return `unused for ${formatDuration(reason.unusedForMs)}, built ${formatDuration(reason.ageMs)} ago`;
    case "orphaned":
      return `no container for ${formatDuration(reason.orphanedForMs)} (limit ${formatDuration(reason.limitMs)}), restorable`;
    case "pressure":
      return `the disk is ${reason.usedShare}% full; unused for ${formatDuration(reason.unusedForMs)}`;
    case "pressure-unresolved":
      return [
        `the disk is ${reason.usedShare}% full and nothing more may go`,
        ...reason.consumers.map(({ what, bytes }) => `${what} ${formatBytes(bytes)}`),
      ].join(", ");
    case "dangling":
      return "dangling";
    case "exited":
    case "failed":
      return `ended${cause(reason)} ${formatDuration(reason.exitedForMs)} ago (limit ${formatDuration(reason.limitMs)})`;
    case "never-started":
      return `made ${formatDuration(reason.ageMs)} ago, never started (limit ${formatDuration(reason.limitMs)})`;

    case "inventory-incomplete":
      return `the list of ${reason.section} is not complete`;
    case "limit":
      return explainLimit(reason);

    case "not-allowed":
      return `this host does not allow it (${reason.by})`;

    case "not-in-rule":
      return "the rule is not about these";
    case "never-touch":
      return `never touched on this host (${reason.by})`;
    case "excepted":
      return `excepted by ${reason.by}`;
    case "age-unknown":
      return "its age is not known";

    case "in-use":
      return `used by ${reason.by}`;
    case "parent-of":
      return `${reason.image} is built on it`;
    case "newest-of-repository":
      return reason.keepNewest === 1
        ? "newest of its repository"
        : `one of the ${reason.keepNewest} newest of its repository`;
    case "rollback-of":
      return `${reason.container} ran it ${formatDuration(reason.ranMsAgo)} ago and may be rolled back to it`;
    case "not-remembered":
      return "the agent does not remember when it came";
    case "just-arrived":
      return "a pull or a build may be at work on it";
    case "used-recently":
      return `unused for ${formatDuration(reason.unusedForMs)} (limit ${formatDuration(reason.limitMs)})`;
    case "too-young":
      return `built ${formatDuration(reason.ageMs)} ago (limit ${formatDuration(reason.limitMs)})`;
    case "dangling-off":
      return "dangling images stay under this rule";
    case "named":
      return "only dangling images go under this rule";

    case "self":
      return "belongs to the agent";
    case "state":
      return `is ${reason.state}`;
    case "orchestrated":
      return `managed by ${reason.by}`;
    case "auto-remove":
      return "the engine removes it by itself";
    case "stopped-service":
      return reason.service === undefined
        ? `a stopped service (restart policy ${reason.restartPolicy})`
        : `a stopped service of ${reason.service}`;
    case "network-of":
      return `${reason.container} uses its network`;
    case "exit-code":
      return reason.exitCode === undefined
        ? "never started, and the rule goes by exit codes"
        : `ended with code ${reason.exitCode}, which the rule does not name`;
    case "ended-recently":
      return `ended ${formatDuration(reason.exitedForMs)} ago (limit ${formatDuration(reason.limitMs)})`;
    case "exception":
      return explainException(reason);

    case "not-local":
      return `of driver ${reason.driver}, which reaches beyond this host`;
    case "predefined":
      return "the engine's own";
    case "attachable":
      return "others may join it";
    case "project-of":
      return `belongs to compose project ${reason.project}`;

    case "named-volume":
      return "somebody gave it a name, and the rule does not";
    case "orphaned-recently":
      return `no container for ${formatDuration(reason.orphanedForMs)} (limit ${formatDuration(reason.limitMs)})`;
    case "no-restore-point":
      return "no restore point of what was in it when the last container let go";

    case "build-under-way":
      return `a build may be under way (${reason.by})`;
    case "reserved":
      return `among the ${formatBytes(reason.keepBytes)} that were used last`;
    case "shared":
      return "an image holds its bytes";
    case "needed-by":
      return `"${reason.record}" is built on it`;
    default:
      return unreachable(reason);
  }
}

function cause({
  exitCode,
  ...reason
}: {
  exitCode?: number | undefined;
  outOfMemory?: boolean | undefined;
}): string {
  if (reason.outOfMemory === true) return ", out of memory,";
  return exitCode === undefined ? "" : ` with code ${exitCode}`;
}
