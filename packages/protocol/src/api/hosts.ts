import {
  buildCacheRecordSchema,
  countSchema,
  engineFactsSchema,
  gapSchema,
  hostFactsSchema,
  hostIdSchema,
  hostLabelsSchema,
  instantSchema,
  networkSchema,
} from "@shipkeeper/model";
import * as z from "zod";
import { agentStatusSchema } from "../batch.ts";
import { listQuery, pageOf } from "./page.ts";

/** `new`: enrolled and never heard of since. `revoked`: its key is not believed any more. */
export const hostStateSchema = z.enum(["new", "online", "silent", "revoked"]);
export type HostState = z.infer<typeof hostStateSchema>;

/** An online host speaks several times a minute; after this long without a word it counts as silent. */
export const SILENT_AFTER_MS = 5 * 60_000;

export const apiHostSchema = z
  .object({
    id: hostIdSchema,
    hostname: z.string(),
    labels: hostLabelsSchema,
    owner: z.string().optional(),
    state: hostStateSchema,
    enrolledAt: instantSchema,
    /** When the collector last believed a request of it, by the collector's clock. */
    lastSeenAt: instantSchema.optional(),
    /** When its last inventory was taken, by the host's clock. */
    inventoryAt: instantSchema.optional(),
    agentVersion: z.string(),
    /** Revision of the policy bundle in force there; 0 while there is none. */
    policyRevision: countSchema,
    guardrails: z.enum(["absent", "in-force", "broken"]).optional(),
    engineVersion: z.string().optional(),
    operatingSystem: z.string().optional(),
    containers: z.object({ total: countSchema, running: countSchema, unhealthy: countSchema }),
    images: z.object({ total: countSchema, bytes: countSchema }),
    volumes: z.object({ total: countSchema, bytes: countSchema }),
    /** The fullest of its disks. */
    disk: z.object({ path: z.string(), totalBytes: countSchema, freeBytes: countSchema }).optional(),
    /** How much of the last inventory could not be read. */
    gaps: countSchema,
    /** Entries that the agent sent and that this collector does not have: it lost them, e.g. by a restore. */
    missingEntries: countSchema,
  })
  .meta({ id: "Host" });
export type ApiHost = z.infer<typeof apiHostSchema>;

export const apiHostDetailSchema = z
  .object({
    ...apiHostSchema.shape,
    publicKeyFingerprint: z.string(),
    status: agentStatusSchema.optional(),
    facts: hostFactsSchema.optional(),
    engine: engineFactsSchema.optional(),
    inventoryGaps: z.array(gapSchema),
    networks: z.array(networkSchema),
    buildCache: z.array(buildCacheRecordSchema),
  })
  .meta({ id: "HostDetail" });
export type ApiHostDetail = z.infer<typeof apiHostDetailSchema>;

export const hostsQuerySchema = listQuery(
  { sorts: ["hostname", "enrolledAt", "lastSeenAt"], order: "hostname" },
  {
    state: hostStateSchema.optional(),
    owner: z.string().optional(),
    /** `key=value`. */
    label: z.string().optional(),
    /** Part of the host name. */
    search: z.string().max(256).optional(),
  },
);
export type HostsQuery = z.infer<typeof hostsQuerySchema>;
export const hostsPageSchema = pageOf(apiHostSchema);
