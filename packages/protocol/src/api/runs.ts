import { countSchema, instantSchema } from "@shipkeeper/model";
import { modeSchema, outcomeSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf } from "./page.ts";
import { apiVerdictSchema } from "./rounds.ts";

/** `failed`: at least one step failed, or how it ended is not known. */
export const runResultSchema = z.enum(["running", "ok", "failed"]);
export type RunResult = z.infer<typeof runResultSchema>;

export const apiRunSchema = z
  .object({
    id: z.string(),
    hostId: z.string(),
    host: z.string(),
    roundId: z.string().optional(),
    /** The kind of action: prune, backup, restart, … */
    action: z.string(),
    policy: z.string().optional(),
    rule: z.string().optional(),
    revision: z.int().optional(),
    mode: modeSchema.optional(),
    startedAt: instantSchema.optional(),
    finishedAt: instantSchema.optional(),
    result: runResultSchema,
    /** `reconciled`: a crash cut it off, and looking settled it at the next start. */
    ended: z.enum(["finished", "stopped", "reconciled"]).optional(),
    steps: z.object({
      planned: countSchema,
      done: countSchema,
      skipped: countSchema,
      failed: countSchema,
      unknown: countSchema,
    }),
    /** Measured on the file system around the run. */
    freedBytes: z.int().optional(),
    /** Figures of its kind that add up over runs. */
    measures: z.record(z.string(), z.number()),
  })
  .meta({ id: "Run" });
export type ApiRun = z.infer<typeof apiRunSchema>;

export const apiRunDetailSchema = z
  .object({
    ...apiRunSchema.shape,
    /** Every candidate of the plan, also those that were left alone. */
    verdicts: z.array(apiVerdictSchema),
    outcome: outcomeSchema.optional(),
  })
  .meta({ id: "RunDetail" });
export type ApiRunDetail = z.infer<typeof apiRunDetailSchema>;

export const runsQuerySchema = listQuery(
  { sorts: ["at"], order: "-at" },
  {
    host: z.string().optional(),
    action: z.string().optional(),
    policy: z.string().optional(),
    rule: z.string().optional(),
    result: runResultSchema.optional(),
    from: z.coerce.number().int().optional(),
    to: z.coerce.number().int().optional(),
  },
);
export type RunsQuery = z.infer<typeof runsQuerySchema>;
export const runsPageSchema = pageOf(apiRunSchema);
