import { formatDuration } from "@shipkeeper/kit";
import * as z from "zod";
import {
  durationSchema,
  nameSchema,
  selectingLabelsSchema,
  selectingPatternsSchema,
} from "../../language/values.ts";
import { longestClosedMs } from "../../schedule/windows.ts";
import type { Misfit, SharedTerms } from "../action.ts";

export const backupSpecSchema = z.strictObject({
  /** Where names and labels are both given, both must match. */
  select: z
    .strictObject({
      volumes: selectingPatternsSchema.optional(),
      labels: selectingLabelsSchema.optional(),
    })
    .refine(({ volumes, labels }) => volumes !== undefined || labels !== undefined, {
      message: "selects nothing: it needs `volumes`, `labels` or both",
    }),
  /** Repositories by the names that the hosts' own configuration gives them. */
  to: z.array(nameSchema).min(1, "expected the name of at least one repository"),
  keep: z
    .strictObject({
      /** Restore points of this span stay; older ones may go, the last one never. */
      within: durationSchema,
    })
    .optional(),
  /** The most data, in time, that may be lost. */
  rpo: durationSchema.optional(),
});
export type BackupSpec = z.infer<typeof backupSpecSchema>;

/** A span that the rule cannot keep, or that says a second time when it runs. */
export function misfitOfBackup({ rpo }: BackupSpec, { schedule, windows }: SharedTerms): Misfit | undefined {
  if (rpo === undefined) {
    const message = 'backup needs `rpo: 24h`, `schedule: "0 3 * * *"` or `every: 6h`';
    return schedule === undefined ? { key: "backup", message } : undefined;
  }
  if (schedule !== undefined) {
    const key = "cron" in schedule ? "schedule" : "every";
    return { key: "rpo", message: `either \`rpo\` or \`${key}\`, not both: it says how often the rule runs` };
  }
  const closedMs = windows === undefined ? 0 : longestClosedMs(windows);
  if (closedMs <= rpo) return undefined;
  const message = `rpo: its windows stay closed for up to ${formatDuration(closedMs)}, longer than that: open them in between, or give the rule \`windows: [{}]\``;
  return { key: "rpo", message };
}

/** The same volumes to the same place, twice. */
export function overlapOfBackups(first: BackupSpec, second: BackupSpec): string | undefined {
  const place = first.to.find((repository) => second.to.includes(repository));
  const same = JSON.stringify(first.select) === JSON.stringify(second.select);
  return same && place !== undefined ? `the same volumes and repository ${place}` : undefined;
}
