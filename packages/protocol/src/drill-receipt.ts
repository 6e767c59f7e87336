/**
 * What a test restore came to: one receipt a drill, signed by the host that drilled. Whoever has it and the host's
 * public key can tell that nobody changed it since.
 */
import { canonicalJson } from "@shipkeeper/kit";
import { countSchema, hostIdSchema, imageIdSchema, instantSchema, runIdSchema } from "@shipkeeper/model";
import { datasetIdSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { publicKeySchema, signatureSchema } from "./enrolment.ts";

/** A receipt may be this large at most, before anything of it is read. */
export const MOST_RECEIPT_BYTES = 64 * 2 ** 10;
/** Of one drill. */
export const MOST_ASSERTIONS = 50;
/** Of one drill, and of one of them. */
export const MOST_WARNINGS = 20;
export const MOST_WARNING = 300;
/** Of what an assertion, or a failure, says. */
export const MOST_SAID = 1_000;

/**
 * In this order: find the restore point, restore it, make what it runs in, await that it is well, have it take back a dump,
 * ask it.
 */
export const drillPhaseSchema = z.enum(["locate", "fetch", "boot", "ready", "feed", "verify"]);
export type DrillPhase = z.infer<typeof drillPhaseSchema>;

const assertionResultSchema = z.object({
  /** As the policy has it, in a few words: `files`, `http 80 /`, … */
  assert: z.string().max(200),
  passed: z.boolean(),
  said: z.string().max(MOST_SAID),
  ms: countSchema,
});
export type AssertionResult = z.infer<typeof assertionResultSchema>;

export const drillReceiptSchema = z.object({
  format: z.literal(1),
  id: z.string().regex(/^[0-9a-f-]{36}$/),
  hostId: hostIdSchema,
  runId: runIdSchema,
  policy: z.string(),
  rule: z.string(),
  dataset: datasetIdSchema,
  repository: z.string(),
  /** Absent where none was found. */
  restorePoint: z.string().max(128).optional(),
  /** When its data was read from the source. */
  dataAt: instantSchema.optional(),
  bytes: countSchema.optional(),
  requestedAt: instantSchema,
  finishedAt: instantSchema,
  /** What was begun, in order; the last of them may have failed. */
  phases: z.array(z.object({ phase: drillPhaseSchema, ms: countSchema })).max(6),
  assertions: z.array(assertionResultSchema).max(MOST_ASSERTIONS),
  /** What was started on the restored data; absent where nothing was. */
  application: z.object({ container: z.string(), image: z.string(), imageId: imageIdSchema }).optional(),
  /** Age of the data when the drill was requested: so much would have been lost. */
  rpoMs: countSchema.optional(),
  rpoTargetMs: countSchema.optional(),
  /** From the request until every assertion had passed; absent where that never came. */
  rtoMs: countSchema.optional(),
  rtoTargetMs: countSchema.optional(),
  /** The host that was rebuilt for a try, where it was a whole one; `hostId` is the one that it was tried on. */
  ofHost: z.object({ id: hostIdSchema, name: z.string().max(255) }).optional(),
  /** How much of it there was. */
  rebuilt: z
    .object({ containers: countSchema, volumes: countSchema, networks: countSchema, images: countSchema })
    .optional(),
  /** What was not as it would be after a recovery, or would not be as it was: each in a sentence. */
  warnings: z.array(z.string().max(MOST_WARNING)).max(MOST_WARNINGS).optional(),
  engineVersion: z.string().max(64),
  agentVersion: z.string().max(64),
  /** Whether the data came back, the application was well on it, and every assertion passed. */
  passed: z.boolean(),
  /** What went wrong, where it was none of the assertions. */
  failure: z.string().max(MOST_SAID).optional(),
});
export type DrillReceipt = z.infer<typeof drillReceiptSchema>;

export const signedDrillReceiptSchema = z.strictObject({
  /** Canonical JSON of a receipt. */
  payload: z.string().max(MOST_RECEIPT_BYTES),
  publicKey: publicKeySchema,
  /** Ed25519 over `drillReceiptText(payload)`, hex. */
  signature: signatureSchema,
});
export type SignedDrillReceipt = z.infer<typeof signedDrillReceiptSchema>;

/** What the host's key signs: the payload, and what it is, so that no other signed text can pass for a receipt. */
export function drillReceiptText(payload: string): string {
  return `shipkeeper-drill-receipt-v1\n${payload.length}\n${payload}`;
}

export function signDrillReceipt(
  receipt: DrillReceipt,
  key: { readonly publicKey: string; sign(text: string): string },
): SignedDrillReceipt {
  const payload = canonicalJson(drillReceiptSchema.parse(receipt));
  return { payload, publicKey: key.publicKey, signature: key.sign(drillReceiptText(payload)) };
}

export const drillEntrySchema = z.object({
  kind: z.literal("drill"),
  at: instantSchema,
  receipt: signedDrillReceiptSchema,
});
