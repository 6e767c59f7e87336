import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { drillReceiptSchema, signedDrillReceiptSchema } from "../drill-receipt.ts";
import { listQuery, pageOf, queryFlag } from "./page.ts";

export const apiDrillSchema = z
  .object({ host: z.string(), ...drillReceiptSchema.omit({ format: true }).shape })
  .meta({ id: "Drill" });
export type ApiDrill = z.infer<typeof apiDrillSchema>;

export const apiDrillDetailSchema = z
  .object({
    ...apiDrillSchema.shape,
    /** As the host signed it. */
    receipt: signedDrillReceiptSchema,
    /** Of the key that the host enrolled with, and that signed: SHA-256 of its raw bytes, hex. */
    publicKeyFingerprint: z.string(),
  })
  .meta({ id: "DrillDetail" });
export type ApiDrillDetail = z.infer<typeof apiDrillDetailSchema>;

export const drillsQuerySchema = listQuery(
  { sorts: ["requestedAt", "rtoMs", "rpoMs"], order: "-requestedAt" },
  {
    host: z.string().optional(),
    /** A dataset's id, or the name in it. */
    dataset: z.string().optional(),
    repository: z.string().optional(),
    passed: queryFlag.optional(),
    from: z.coerce.number().int().optional(),
    to: z.coerce.number().int().optional(),
  },
);
export type DrillsQuery = z.infer<typeof drillsQuerySchema>;
export const drillsPageSchema = pageOf(apiDrillSchema);

/** One line of the fleet report: the newest drill of one dataset of one host. */
const reportedDrillSchema = z.object({
  id: z.string(),
  host: z.string(),
  dataset: z.string(),
  owner: z.string().optional(),
  repository: z.string(),
  at: instantSchema,
  passed: z.boolean(),
  /** What went wrong, in a few words. */
  trouble: z.string().optional(),
  rtoMs: countSchema.optional(),
  rtoTargetMs: countSchema.optional(),
  rpoMs: countSchema.optional(),
  rpoTargetMs: countSchema.optional(),
});
export type ReportedDrill = z.infer<typeof reportedDrillSchema>;

export const reportedDrillsSchema = z.object({
  /** Datasets that were ever drilled, and those whose newest drill failed. */
  total: countSchema,
  failed: countSchema,
  /** Those that failed first. */
  newest: z.array(reportedDrillSchema),
  /** Datasets with restore points that nobody tried to restore. */
  undrilled: z.array(z.object({ host: z.string(), dataset: z.string(), owner: z.string().optional() })),
});
