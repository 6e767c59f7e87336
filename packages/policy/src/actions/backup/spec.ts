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
import { drillKeysSchema } from "../drill/spec.ts";

const CONSISTENCY = "expected none, pause, stop or { hook: NAME }";

/** What happens to the containers that write to a dataset while it is read. */
export const consistencySchema = z.union(
  [z.enum(["none", "pause", "stop"]), z.strictObject({ hook: nameSchema })],
  { error: CONSISTENCY },
);
export type Consistency = z.infer<typeof consistencySchema>;

const COUNT = "expected a whole number such as 7, 1000 at most";
const count = z.int(COUNT).min(0, COUNT).max(1_000, COUNT).default(0);

/** Which restore points stay: all of a span, and of the days, weeks, months and years before it the last of each. */
export const keepSchema = z.strictObject({
  within: durationSchema.prefault("30d"),
  daily: count,
  weekly: count,
  monthly: count,
  yearly: count,
  /** So long after its newest restore point the last ones of data that is gone from the host go, too. Absent: they stay. */
  gone: durationSchema.optional(),
});
export type Keep = z.infer<typeof keepSchema>;
/** What who knows a repository alone can go by: which data is gone only its host can tell. */
export const keepOfRepositorySchema = keepSchema.omit({ gone: true });
export type KeepOfRepository = z.infer<typeof keepOfRepositorySchema>;

/** How old the proof of each kind may become. */
export const verifyKeysSchema = z.strictObject({
  /** That the repository's index and packs fit together. */
  structure: durationSchema.prefault("1d"),
  /** That every byte can be read: a rotating part at a time. */
  read: durationSchema.prefault("30d"),
  /** That files of the newest restore point equal those of the source. */
  sample: durationSchema.prefault("1d"),
});
export type VerifyKeys = z.infer<typeof verifyKeysSchema>;

export const backupSpecSchema = z.strictObject({
  select: z
    .strictObject({
      volumes: selectingPatternsSchema.optional(),
      /** Of volumes. Where names and labels are both given, both must match. */
      labels: selectingLabelsSchema.optional(),
      /** Host paths that containers may write to. */
      binds: selectingPatternsSchema.optional(),
      /** What the host is made of: compose files, containers without secrets, networks, the engine's settings. */
      host: z.literal(true, { error: "expected true, or leave the key out" }).optional(),
      /** Images of containers that no registry has. */
      images: z.literal(true, { error: "expected true, or leave the key out" }).optional(),
    })
    .refine((select) => Object.keys(select).length > 0, {
      message: "selects nothing: it needs `volumes`, `labels`, `binds`, `host`, `images` or several of them",
    }),
  consistency: consistencySchema.default("none"),
  /** So long may containers be paused or stopped at most. */
  maxQuiesce: durationSchema.prefault("10m"),
  /** Repositories by the names that the hosts' own configuration gives them: to the first, and copied to the others. */
  to: z.array(nameSchema).min(1, "expected the name of at least one repository"),
  keep: keepSchema.prefault({}),
  verify: verifyKeysSchema.prefault({}),
  /** Absent: nobody tries whether it can be restored. */
  drill: drillKeysSchema.optional(),
  /** The most data, in time, that may be lost. */
  rpo: durationSchema.optional(),
});
export type BackupSpec = z.infer<typeof backupSpecSchema>;

/** A span that the rule cannot keep, or that says a second time when it runs. */
export function misfitOfBackup(
  { rpo, select, consistency }: BackupSpec,
  { schedule, windows }: SharedTerms,
): Misfit | undefined {
  const hooked = typeof consistency === "object" ? misfitOfHook(select) : undefined;
  if (hooked !== undefined) return { key: "consistency", message: hooked };
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

function misfitOfHook({ volumes, labels, binds }: BackupSpec["select"]): string | undefined {
  if (binds !== undefined) return "a hook dumps what is in volumes: give `binds` a rule of their own";
  if (volumes !== undefined || labels !== undefined) return undefined;
  return "a hook dumps what is in volumes: it needs `volumes` or `labels` in `select`";
}

/** The same to the same place, twice. A volume and the dump of what is in it are two things. */
export function overlapOfBackups(first: BackupSpec, second: BackupSpec): string | undefined {
  const place = first.to.find((repository) => second.to.includes(repository));
  const same = JSON.stringify(first.select) === JSON.stringify(second.select);
  const alike = (typeof first.consistency === "object") === (typeof second.consistency === "object");
  return same && alike && place !== undefined ? `the same data and repository ${place}` : undefined;
}
