import { hostIdSchema, hostLabelsSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

/** An Ed25519 public key: its 32 raw bytes in hex. */
export const publicKeySchema = hex(32);
/** An Ed25519 signature: its 64 raw bytes in hex. */
export const signatureSchema = hex(64);

/**
 * A one-time enrolment token as people carry it to a host: `ske_ID_SECRET_POLICYKEY`. The collector knows the id and
 * a hash of the secret. The last part is written by the operator's own command: the fingerprint of the key that signs
 * policies, so that the host trusts what the operator holds and not what a collector says.
 */
export interface EnrollmentToken {
  readonly id: string;
  readonly secret: string;
  readonly policyKeyFingerprint: string | undefined;
}

const TOKEN = /^ske_([0-9a-f]{16})_([0-9a-f]{64})(?:_([0-9a-f]{64}))?$/;

export function formatEnrollmentToken({ id, secret, policyKeyFingerprint }: EnrollmentToken): string {
  return ["ske", id, secret, ...(policyKeyFingerprint === undefined ? [] : [policyKeyFingerprint])].join("_");
}

/** Undefined where the text is no enrolment token. */
export function parseEnrollmentToken(text: string): EnrollmentToken | undefined {
  const match = TOKEN.exec(text.trim());
  if (match === null) return undefined;
  const [, id = "", secret = "", policyKeyFingerprint] = match;
  return { id, secret, policyKeyFingerprint };
}

export const enrolRequestSchema = z.strictObject({
  tokenId: hex(8),
  secret: hex(32),
  /** Made on the host; its private half never leaves it. */
  publicKey: publicKeySchema,
  hostname: z.string().min(1).max(253),
  labels: hostLabelsSchema,
  agentVersion: z.string().max(64),
  createdAt: instantSchema,
  /** Over `enrolmentText` of the fields above: proof that the sender holds the private key. */
  signature: signatureSchema,
});
export type EnrolRequest = z.infer<typeof enrolRequestSchema>;

/** What the new key signs. */
export function enrolmentText(request: Omit<EnrolRequest, "signature" | "secret">): string {
  const { tokenId, publicKey, hostname, labels, agentVersion, createdAt } = request;
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    "shipkeeper-enrol-v1",
    tokenId,
    publicKey,
    hostname,
    JSON.stringify(sorted),
    agentVersion,
    createdAt,
  ].join("\n");
}

export const enrolReplySchema = z.object({ hostId: hostIdSchema, serverTime: instantSchema });
export type EnrolReply = z.infer<typeof enrolReplySchema>;
