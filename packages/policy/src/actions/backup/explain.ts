import { formatBytes, formatDuration, unreachable } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../action.ts";
import { explainException } from "../exception.ts";
import { explainOther } from "../explain-other.ts";
import { backupReasonSchema, type BackupReason } from "./reason.ts";

/** `to offsite, last restore point 26 hours ago` */
export function explainBackup(verdict: Verdict): string {
  const reason = backupReasonSchema.safeParse(verdict.reason);
  return reason.success ? sentence(reason.data) : explainOther(verdict.reason);
}

/** `backs up 2 volumes, 1.2 GB` */
export function summarizeBackup(verdicts: readonly Verdict[]): string {
  const steps = verdicts.filter(isStep);
  const volumes = new Map(steps.map(({ target, bytes }) => [target.id, bytes ?? 0]));
  if (volumes.size === 0) return "backs up nothing";
  const totalBytes = [...volumes.values()].reduce((total, bytes) => total + bytes, 0);
  const size = totalBytes === 0 ? "" : `, ${formatBytes(totalBytes)}`;
  return `backs up ${volumes.size} volume${volumes.size === 1 ? "" : "s"}${size}`;
}

function sentence(reason: BackupReason): string {
  switch (reason.why) {
    case "no-restore-point":
      return `to ${reason.repository}, no restore point yet`;
    case "due":
      return `to ${reason.repository}, last restore point ${formatDuration(reason.ageMs)} ago`;
    case "never-touch":
      return `never touched on this host (${reason.by})`;
    case "repository-unknown":
      return `this host knows no repository ${reason.repository}`;
    case "not-selected":
      return "not selected";
    case "driver":
      return `its driver ${reason.driver} keeps the data elsewhere`;
    case "anonymous":
      return "anonymous, and not selected by a label";
    case "exception":
      return explainException(reason);
    default:
      return unreachable(reason);
  }
}
