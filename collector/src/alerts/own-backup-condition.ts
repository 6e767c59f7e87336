import { formatDuration, formatInstant, type Instant } from "@shipkeeper/kit";
import type { BackupState } from "../backup/backup-state.ts";
import type { Condition } from "./conditions.ts";

/** How the collector's own backups stand, and how often one is made. */
export interface OwnBackupWord {
  readonly state: BackupState;
  readonly everyMs: number;
}

/** A backup may take as long as the time between two; what is older than both is late. */
const SPANS_UNTIL_LATE = 2;

/** One alert for whatever is wrong with it. What is lost with the collector is what hosts told it, not the hosts: `high`. */
export function ownBackupCondition({ state, everyMs }: OwnBackupWord, now: Instant): Condition | undefined {
  const { newest, problem } = state;
  const shared = {
    key: "fleet/collector-backup",
    kind: "collector-backup",
    severity: "high",
    subject: "collector",
  } as const;
  const last =
    newest === undefined
      ? "nothing of it could be restored"
      : `what was told before ${formatInstant(newest.dataAt)} can be restored`;
  if (problem !== undefined) {
    const title =
      problem.doing === "backup"
        ? "The collector's own database is not backed up"
        : "The backup of the collector's own database does not come back";
    return { ...shared, title, why: `since ${formatInstant(problem.since)}: ${problem.message}; ${last}` };
  }
  if (newest === undefined || now - newest.dataAt <= SPANS_UNTIL_LATE * everyMs) return undefined;
  const title = "The backup of the collector's own database is late";
  return { ...shared, title, why: `${last}; it is made every ${formatDuration(everyMs)}` };
}
