/** What watching logs tells of one container. Told by the agent, kept by the collector, and evidence of findings. */
import { containerIdSchema, countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";

/** Lines are cut to so many characters before they leave the host. */
export const MOST_LINE_LENGTH = 300;

/**
 * Why nothing of a log is read or counted: its driver keeps none, its driver keeps it where the agent does not look, or
 * the engine's files cannot be seen from where the agent runs.
 */
export const unreadableLogSchema = z.enum(["no-log", "kept-elsewhere", "not-visible"]);
export type UnreadableLog = z.infer<typeof unreadableLogSchema>;

/** More in one minute than a policy allows, and not five minutes without it since. */
export const logBurstSchema = z.object({
  since: instantSchema,
  why: z.enum(["bytes", "matches"]),
  /** Where lines that matched are too many. */
  pattern: z.string().optional(),
  /** The most in one minute so far, and what the policy allows. */
  perMinute: countSchema,
  limitPerMinute: countSchema,
});
export type LogBurst = z.infer<typeof logBurstSchema>;

const matchesSchema = z.record(z.string(), countSchema);

export const logHourSchema = z.object({
  /** The full hour, in UTC, that it begins with. */
  at: instantSchema,
  bytes: countSchema,
  matches: matchesSchema,
});
export type LogHour = z.infer<typeof logHourSchema>;

export const watchedLogSchema = z.object({
  containerId: containerIdSchema,
  name: z.string(),
  unreadable: unreadableLogSchema.optional(),
  /** The mean of the last ten minutes. */
  bytesPerMinute: countSchema,
  /** The most in one minute of the last hour, as all that follows but `hours`. */
  peakBytesPerMinute: countSchema,
  /** Pattern → lines that it matched; patterns that matched none are left out. */
  matches: matchesSchema,
  /** The last line that matched, without secrets. */
  sample: z.object({ at: instantSchema, pattern: z.string(), line: z.string() }).optional(),
  /** Bytes that were written and not searched, because they were too many or were gone. */
  notScannedBytes: countSchema,
  /** Minutes in which the log was rotated away unseen: what is told of them is the least that was written. */
  lateMinutes: countSchema,
  /** When the newest byte was written. */
  lastAt: instantSchema.optional(),
  burst: logBurstSchema.optional(),
  /** This hour so far and the one before it, since the agent began to watch. */
  hours: z.array(logHourSchema).max(2),
});
export type WatchedLog = z.infer<typeof watchedLogSchema>;
