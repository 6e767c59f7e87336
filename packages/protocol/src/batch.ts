import { countSchema, epochSchema, imageIdSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { PROTOCOL_VERSION } from "./version.ts";

/** At most this many entries travel together … */
export const MOST_BATCH_ENTRIES = 500;
/** … in at most this many bytes before compression. One larger entry may travel alone, up to `MOST_ENTRY_BYTES`. */
export const MOST_BATCH_BYTES = 4 * 2 ** 20;
/** An inventory of thousands of containers is large; nothing else is. */
export const MOST_ENTRY_BYTES = 16 * 2 ** 20;
/** What a collector unpacks at most of one request: bombs end here. */
export const MOST_REQUEST_BYTES = MOST_ENTRY_BYTES + MOST_BATCH_BYTES;

/** How the agent is right now. Rides on every batch, outside the queue, so that it is fresh right after an outage. */
export const agentStatusSchema = z.object({
  version: z.string(),
  startedAt: instantSchema,
  /** Revision of the policy bundle in force; 0 while there is none. */
  policyRevision: countSchema,
  guardrails: z.object({ state: z.enum(["absent", "in-force", "broken"]), sha256: z.string().optional() }),
  /** What waits in the outbox. */
  outbox: z.object({ entries: countSchema, bytes: countSchema }),
  /** How samples are read: which rung of the ladder, and so at which cost. */
  sampling: z.string(),
  /** External programs and what they can: `restic 0.14.0`. */
  capabilities: z.array(z.string()),
});
export type AgentStatus = z.infer<typeof agentStatusSchema>;

export const batchSchema = z.object({
  protocol: z.literal(PROTOCOL_VERSION),
  epoch: epochSchema,
  /** The agent believes everything of this epoch up to here to be acknowledged. */
  after: countSchema,
  status: agentStatusSchema,
  /** In ascending order of `seq`. Numbers that are missing were dropped, and a `dropped` entry says so. */
  entries: z
    .array(z.object({ seq: z.int().min(1), body: z.unknown() }))
    .max(MOST_BATCH_ENTRIES)
    .refine(
      (entries) => entries.every((entry, index) => index === 0 || entry.seq > (entries[index - 1]?.seq ?? 0)),
      {
        error: "entries must ascend by seq",
      },
    ),
});
export type Batch = z.infer<typeof batchSchema>;

/** A receipt names the sickest images of the fleet, no more than this. */
export const MOST_SICK_IMAGES = 100;

export const receiptSchema = z.object({
  epoch: epochSchema,
  /** Everything up to here is on the collector's disk, or was refused and is named below. */
  ackedThrough: countSchema,
  /** Entries that will never be accepted as they are; the agent keeps them as dead letters. */
  rejected: z.array(z.object({ seq: countSchema, code: z.string(), message: z.string() })),
  serverTime: instantSchema,
  /** The newest bundle that the collector has for this host, so that a missed long poll is noticed. */
  policyRevision: countSchema,
  /** The host goes by this revision and its rollout was halted: the host observes until a newer one comes. */
  haltedRevision: countSchema.optional(),
  /**
   * Images that are sick on many hosts of the fleet at once, with the number of hosts; absent where there is none. It can
   * only have a host wait with healing (P8).
   */
  sickImages: z
    .array(z.tuple([imageIdSchema, countSchema]))
    .max(MOST_SICK_IMAGES)
    .optional(),
});
export type Receipt = z.infer<typeof receiptSchema>;
