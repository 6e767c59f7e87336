import * as z from "zod";
import { publicKeySchema, signatureSchema } from "./enrolment.ts";

/** A bundle may be this large at most, before anything of it is read. */
export const MOST_BUNDLE_BYTES = 2 * 2 ** 20;

/**
 * A policy bundle and its signature. Nothing but this envelope is parsed before the signature over the payload's
 * exact bytes was verified with a key that the host has pinned.
 */
export const signedBundleSchema = z.strictObject({
  /** The bundle's JSON text. */
  payload: z.string().max(MOST_BUNDLE_BYTES),
  publicKey: publicKeySchema,
  /** Ed25519 over `bundleText(payload)`, hex. */
  signature: signatureSchema,
});
export type SignedBundle = z.infer<typeof signedBundleSchema>;

/** What the operator's key signs: the payload, and what it is, so that no other signed text can pass for a bundle. */
export function bundleText(payload: string): string {
  return `shipkeeper-policy-bundle-v1\n${payload.length}\n${payload}`;
}

/**
 * On an answer to a poll or in a receipt: the revision that the host holds was halted. Unsigned, since all that it can
 * do is to make a host observe: that much a collector may ask (P8).
 */
export const HALTED_HEADER = "x-shipkeeper-halted-revision";

/** How long an agent's long poll for a newer bundle may hang, in seconds. */
export const MOST_POLL_SECONDS = 25;
