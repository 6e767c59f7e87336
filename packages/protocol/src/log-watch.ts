import { instantSchema } from "@shipkeeper/model";
import { watchedLogSchema } from "@shipkeeper/policy";
import * as z from "zod";

/** Of one host; those that run come first. */
export const MOST_WATCHED_LOGS = 5_000;

/** What a host's logs did lately: all of it, so that only the latest counts. Logs with nothing to say are left out. */
export const logWatchEntrySchema = z.object({
  kind: z.literal("log-watch"),
  at: instantSchema,
  /** When the agent began to watch: nothing that is told goes back further. */
  from: instantSchema,
  containers: z.array(watchedLogSchema).max(MOST_WATCHED_LOGS),
});
