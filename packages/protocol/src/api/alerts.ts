import { countSchema, instantSchema } from "@shipkeeper/model";
import { severitySchema } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf, queryFlag } from "./page.ts";

/**
 * `handed-over`: an incident was left to people. `unkillable`: processes that nothing ends. `lasting`: an incident that
 * nobody treats. `host-storm`: many containers of a host are sick at once. `fleet-storm`: one image is sick on many hosts.
 * `host-silent`, `engine-silent`: nothing is heard of it. `alarm`: an agent refused what must not be.
 * `rollout-halted`: hosts that have the newest policy only observe. `collector-backup`: the collector's own database.
 * `rpo-at-risk`, `rpo-broken`: data whose newest good restore point is nearly as old as may be, or older. `repository`: one
 * that does not work for a host. `proof-failed`, `drill-failed`: what was restored is not as it should be.
 */
export const alertKindSchema = z.enum([
  "handed-over",
  "unkillable",
  "lasting",
  "host-storm",
  "fleet-storm",
  "host-silent",
  "engine-silent",
  "alarm",
  "rollout-halted",
  "collector-backup",
  "rpo-at-risk",
  "rpo-broken",
  "repository",
  "proof-failed",
  "drill-failed",
]);
export type AlertKind = z.infer<typeof alertKindSchema>;

export const apiAlertSchema = z
  .object({
    id: z.string(),
    kind: alertKindSchema,
    severity: severitySchema,
    /** Absent where it is about the fleet. */
    hostId: z.string().optional(),
    host: z.string().optional(),
    /** What it is about: the name of a container, a host or an image. */
    subject: z.string(),
    owner: z.string().optional(),
    title: z.string(),
    /** In plain words. */
    why: z.string(),
    incidentId: z.string().optional(),
    openedAt: instantSchema,
    /** By then somebody shall have taken it on. */
    dueAt: instantSchema,
    acknowledgedAt: instantSchema.optional(),
    acknowledgedBy: z.string().optional(),
    note: z.string().optional(),
    resolvedAt: instantSchema.optional(),
    /** Open, past its time, and nobody took it on. */
    overdue: z.boolean(),
    /** How often the condition came back, the first time counted. */
    count: countSchema,
  })
  .meta({ id: "Alert" });
export type ApiAlert = z.infer<typeof apiAlertSchema>;

/** The worst first, then the oldest. */
export const alertsQuerySchema = listQuery(
  { sorts: ["severity", "openedAt", "dueAt"], order: "-severity" },
  {
    open: queryFlag.optional(),
    severity: severitySchema.optional(),
    owner: z.string().optional(),
    host: z.string().optional(),
    overdue: queryFlag.optional(),
  },
);
export type AlertsQuery = z.infer<typeof alertsQuerySchema>;
export const alertsPageSchema = pageOf(apiAlertSchema);

export const acknowledgeAlertSchema = z.strictObject({
  /** Who takes it on; the name of the token where it is left out. */
  by: z.string().min(1).max(200).optional(),
  note: z.string().max(1_000).optional(),
});
