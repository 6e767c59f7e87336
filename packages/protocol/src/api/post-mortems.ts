import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { postMortemSchema, postMortemTriggerSchema } from "../post-mortem.ts";
import { listQuery, pageOf } from "./page.ts";

/** A post-mortem without its evidence. */
export const apiPostMortemSchema = z
  .object({
    ...postMortemSchema.omit({ evidence: true }).shape,
    hostId: z.string(),
    host: z.string(),
    exitCode: z.int().optional(),
    outOfMemory: z.boolean(),
    bytes: countSchema,
  })
  .meta({ id: "PostMortem" });
export type ApiPostMortem = z.infer<typeof apiPostMortemSchema>;

/** What was done after a post-mortem, by the step of its run. */
export const aftermathSchema = z.object({
  decision: z.string(),
  /** `running` while its end is not known. */
  status: z.enum(["running", "done", "skipped", "failed", "unknown"]),
  why: z.string().optional(),
  error: z.string().optional(),
  policy: z.string().optional(),
  rule: z.string().optional(),
  startedAt: instantSchema.optional(),
  sickAt: instantSchema.optional(),
  healthyAt: instantSchema.optional(),
  downtimeMs: countSchema.optional(),
  healed: z.boolean().optional(),
});
export type Aftermath = z.infer<typeof aftermathSchema>;

export const apiPostMortemDetailSchema = z
  .object({
    ...apiPostMortemSchema.shape,
    evidence: postMortemSchema.shape.evidence,
    aftermath: aftermathSchema.optional(),
    /** The incident that it is part of, as it stands now. */
    incident: z
      .object({
        sickAt: instantSchema,
        closedAt: instantSchema.optional(),
        ended: z.string().optional(),
        handedOverAt: instantSchema.optional(),
      })
      .optional(),
    /** What happened, in plain words. */
    story: z.string(),
    timeline: z.array(z.object({ at: instantSchema, what: z.string() })),
  })
  .meta({ id: "PostMortemDetail" });
export type ApiPostMortemDetail = z.infer<typeof apiPostMortemDetailSchema>;

const filter = z.string().max(600).optional();

export const postMortemsQuerySchema = listQuery(
  { sorts: ["at"], order: "-at" },
  {
    host: filter,
    /** Its name, its id, or what stays the same of it when it is made anew. */
    container: filter,
    image: filter,
    owner: filter,
    trigger: postMortemTriggerSchema.optional(),
    sign: filter,
    run: filter,
    incident: filter,
    from: z.coerce.number().int().optional(),
    to: z.coerce.number().int().optional(),
    /** Words that all stand in its log, its health outputs, its events or its names; each may be the start of a longer one. */
    search: z.string().max(200).optional(),
  },
);
export type PostMortemsQuery = z.infer<typeof postMortemsQuerySchema>;
export const postMortemsPageSchema = pageOf(apiPostMortemSchema);

export const postMortemFormatSchema = z.strictObject({
  format: z.enum(["json", "html", "text"]).default("json"),
});

/** One line of the fleet report; the page of each tells the rest. */
const reportedPostMortemSchema = z.object({
  id: z.string(),
  host: z.string(),
  container: z.string(),
  owner: z.string().optional(),
  at: instantSchema,
  because: z.string(),
});
export type ReportedPostMortem = z.infer<typeof reportedPostMortemSchema>;

export const reportedPostMortemsSchema = z.object({
  newest: z.array(reportedPostMortemSchema),
  /** Older ones of the same time that are not shown; counted up to 480. */
  more: countSchema,
});
