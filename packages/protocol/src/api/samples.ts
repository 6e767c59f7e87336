import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { queryInteger } from "./page.ts";

/** A series may have this many points at most: ask for a larger step. */
export const MOST_SERIES_POINTS = 11_000;

export const samplesQuerySchema = z.strictObject({
  host: z.string(),
  /** A container id, or `host` for the host's own readings; all of them where it is absent. */
  subject: z.string().optional(),
  from: queryInteger(0, 253_402_300_799_999),
  to: queryInteger(0, 253_402_300_799_999),
  /** Names joined by commas; all of them where it is absent. */
  metrics: z.string().max(1_024).optional(),
  /** Seconds between two points: the last reading of each step stands for it. Absent: every reading. */
  step: queryInteger(1, 86_400).optional(),
  format: z.enum(["json", "csv"]).optional(),
});
export type SamplesQuery = z.infer<typeof samplesQuerySchema>;

/** Readings of one subject, in columns. Null is "not read", never zero. */
const apiSeriesSchema = z.object({
  subject: z.string(),
  name: z.string(),
  times: z.array(instantSchema),
  columns: z.record(z.string(), z.array(z.number().nullable())),
});
export type ApiSeries = z.infer<typeof apiSeriesSchema>;

export const samplesReplySchema = z
  .object({ hostId: z.string(), from: instantSchema, to: instantSchema, series: z.array(apiSeriesSchema) })
  .meta({ id: "Samples" });
export type SamplesReply = z.infer<typeof samplesReplySchema>;
