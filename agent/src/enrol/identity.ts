import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OperationalError } from "@shipkeeper/kit";
import { hostIdSchema, instantSchema } from "@shipkeeper/model";
import { createKeyFile, readKeyFile, writeFileDurably, type SigningKey } from "@shipkeeper/runtime";
import * as z from "zod";

/**
 * What the host is to its collector, and whose policies it believes. Written at enrolment, and again where a policy
 * bundle introduces other keys.
 */
export const identitySchema = z.strictObject({
  hostId: hostIdSchema,
  /**
   * Fingerprints of the keys that may sign policies: from the enrolment token, then as bundles signed with one of them
   * say. None means that no policy is believed.
   */
  policyKeys: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
  enrolledAt: instantSchema,
});
export type Identity = z.infer<typeof identitySchema>;

export class IdentityNotUsable extends OperationalError {
  override readonly name = "IdentityNotUsable";
  readonly code = "identity_not_usable";
  readonly retryable = false;
}

const identityFile = (stateDir: string) => join(stateDir, "identity.json");

/** Undefined where the host was never enrolled. A file that cannot be read is an error: nobody enrols by accident. */
export function readIdentity(stateDir: string): Identity | undefined {
  const file = identityFile(stateDir);
  if (!existsSync(file)) return undefined;
  try {
    return identitySchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new IdentityNotUsable(`cannot read this host's identity in ${file}`, { cause: error });
  }
}

export function writeIdentity(stateDir: string, identity: Identity): void {
  writeFileDurably(identityFile(stateDir), `${JSON.stringify(identity, null, 2)}\n`, 0o600);
}

/** The host's own key. Made before the first request, so that a repeated enrolment is the same host's. */
export function hostKey(stateDir: string): SigningKey {
  const file = join(stateDir, "host.key");
  return existsSync(file) ? readKeyFile(file) : createKeyFile(file);
}
