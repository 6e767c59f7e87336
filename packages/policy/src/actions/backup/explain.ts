import { formatBytes, formatDuration, formatInstant, unreachable } from "@shipkeeper/kit";
import { explainNoData } from "../../dataset/mounted.ts";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { backupReasonSchema, type BackupReason } from "./reason.ts";

/** `to offsite, last restore point 26 hours ago` */
export function explainBackup(verdict: Verdict): string {
  const reason = backupReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `backs up 2 datasets, 1.2 GB` */
export function summarizeBackup(verdicts: readonly Verdict[]): string {
  const steps = verdicts.filter(isStep);
  const datasets = new Map(steps.map(({ target, bytes }) => [target.id, bytes ?? 0]));
  if (datasets.size === 0) return "backs up nothing";
  const totalBytes = [...datasets.values()].reduce((total, bytes) => total + bytes, 0);
  const size = totalBytes === 0 ? "" : `, ${formatBytes(totalBytes)}`;
  return `backs up ${datasets.size} dataset${datasets.size === 1 ? "" : "s"}${size}`;
}

function sentence(reason: BackupReason): string {
  switch (reason.why) {
    case "no-restore-point":
      return `to ${reason.repository}, no restore point yet${meanwhile(reason.still)}`;
    case "due":
      return `to ${reason.repository}, last restore point ${formatDuration(reason.ageMs)} ago${meanwhile(reason.still)}`;
    case "never-touch":
      return `never touched on this host (${reason.by})`;
    case "bind-not-allowed":
      return "this host does not allow it (allow.binds)";
    case "repository-unknown":
      return `this host knows no repository ${reason.repository}`;
    case "hook-unknown":
      return `this host knows no hook ${reason.hook}`;
    case "container-protected":
      return `its container ${reason.container} is never touched on this host (${reason.by})`;
    case "container-is-self":
      return `its container ${reason.container} is the agent's own`;
    case "container-managed":
      return reason.by === "auto-remove"
        ? `its container ${reason.container} is removed when it stops`
        : `its container ${reason.container} belongs to ${reason.by}`;
    case "containers-unknown":
      return "not all containers could be listed: one of them might write to it";
    case "container-unsettled":
      return `its container ${reason.container} is ${reason.state}`;
    case "hook-homeless":
      return `no container runs that may write to it, for hook ${reason.hook} to run in`;
    case "not-selected":
      return "not selected";
    case "driver":
      return `its driver ${reason.driver} keeps the data elsewhere`;
    case "anonymous":
      return "anonymous, and not selected by a label";
    case "no-data":
      return explainNoData(reason.what);
    case "in-registry":
      return `a registry has it (${reason.digest})`;
    case "saved":
      return `in ${reason.repository} since ${formatInstant(reason.at)}`;
    case "exception":
      return explainException(reason);
    default:
      return unreachable(reason);
  }
}

type StepReason = Extract<BackupReason, { why: "due" }>;

const VERBS = { pause: "pauses", stop: "stops", hook: "dumped in" } as const;

function meanwhile(still: StepReason["still"]): string {
  return still === undefined ? "" : `, ${VERBS[still.how]} ${still.containers.join(", ")}`;
}
