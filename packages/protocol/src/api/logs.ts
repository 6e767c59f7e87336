import { containerSchema, countSchema, instantSchema } from "@shipkeeper/model";
import { logHourSchema, watchedLogSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { sightingShape } from "./containers.ts";
import { listQuery, pageOf, queryFlag } from "./page.ts";

const { id, name, owner, state, logDriver, logRotation, logBytes } = containerSchema.shape;
const { unreadable, sample, lastAt, burst, matches } = watchedLogSchema.shape;

/** The log of one container: how it is kept, and what it did lately, as far as its agent watches logs. */
export const apiLogSchema = z
  .object({
    ...sightingShape,
    containerId: id,
    name,
    owner,
    state,
    logDriver,
    logRotation,
    /** What the engine keeps of it on disk. */
    logBytes,
    /** When its host told of its logs last; absent, with all that follows, where it never did. */
    watchedAt: instantSchema.optional(),
    unreadable,
    bytesPerMinute: countSchema.optional(),
    peakBytesPerMinute: countSchema.optional(),
    matches: matches.optional(),
    sample,
    notScannedBytes: countSchema.optional(),
    lateMinutes: countSchema.optional(),
    lastAt,
    burst,
  })
  .meta({ id: "Log" });
export type ApiLog = z.infer<typeof apiLogSchema>;

export const logsQuerySchema = listQuery(
  { sorts: ["bytesPerMinute", "name", "host"], order: "-bytesPerMinute" },
  {
    host: z.string().optional(),
    owner: z.string().optional(),
    /** The whole name of a container. */
    container: z.string().optional(),
    burst: queryFlag.optional(),
  },
);
export type LogsQuery = z.infer<typeof logsQuerySchema>;
export const logsPageSchema = pageOf(apiLogSchema);

/** What one container wrote in one hour. */
export const apiLogHourSchema = z
  .object({
    hostId: z.string(),
    host: z.string(),
    containerId: z.string(),
    name: z.string(),
    ...logHourSchema.shape,
  })
  .meta({ id: "LogHour" });
export type ApiLogHour = z.infer<typeof apiLogHourSchema>;

export const logHoursQuerySchema = listQuery(
  { sorts: ["at"], order: "-at" },
  {
    host: z.string().optional(),
    /** Its name or its full id. */
    container: z.string().optional(),
    from: z.coerce.number().int().optional(),
    to: z.coerce.number().int().optional(),
  },
);
export type LogHoursQuery = z.infer<typeof logHoursQuerySchema>;
export const logHoursPageSchema = pageOf(apiLogHourSchema);

const reportedLogSchema = z.object({
  host: z.string(),
  container: z.string(),
  owner: z.string().optional(),
  /** The mean of the last ten minutes. */
  bytesPerMinute: countSchema,
  /** Lines of the last hour. */
  matches: z.array(z.object({ pattern: z.string(), count: countSchema })),
  keptBytes: countSchema.optional(),
  isBursting: z.boolean(),
  growsWithoutEnd: z.boolean(),
});
export type ReportedLog = z.infer<typeof reportedLogSchema>;

/** The loudest first. */
export const reportedLogsSchema = z.object({ loudest: z.array(reportedLogSchema), bursting: countSchema });
