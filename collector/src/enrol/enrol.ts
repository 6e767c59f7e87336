/** Makes a host known: a one-time token against a key that the host made itself. */
import { randomUUID } from "node:crypto";
import { OperationalError, type Instant } from "@shipkeeper/kit";
import { hostIdSchema, type HostId } from "@shipkeeper/model";
import { CLOCK_WINDOW_MS, enrolmentText, type EnrolRequest } from "@shipkeeper/protocol";
import { verifySignature } from "@shipkeeper/runtime";
import type { Store } from "../store/store.ts";

/** Each has its own remedy: a new token, a new key, or a clock that is set right. */
export type EnrolRefusal =
  "token_unknown" | "token_expired" | "token_used" | "key_enrolled" | "bad_signature" | "clock_skew";

const SENTENCES: Readonly<Record<EnrolRefusal, string>> = {
  token_unknown: "the enrolment token is not known here",
  token_expired: "the enrolment token has expired; make a new one",
  token_used: "the enrolment token was used by another host; make a new one",
  key_enrolled: "this key was enrolled before, with another token",
  bad_signature: "the request is not signed with the key that it brings",
  clock_skew: "the host's clock is too far from the collector's",
};

export class EnrolmentRefused extends OperationalError {
  override readonly name = "EnrolmentRefused";
  readonly code: EnrolRefusal;
  readonly retryable = false;

  constructor(code: EnrolRefusal) {
    super(SENTENCES[code]);
    this.code = code;
  }
}

/**
 * The new host's id. The same token with the same key gives the same id again, so that a reply that got lost does not
 * cost a token. Throws `EnrolmentRefused`.
 */
export function enrol(store: Store, request: EnrolRequest, now: Instant): HostId {
  const { tokenId, secret, publicKey } = request;
  if (!verifySignature(enrolmentText(request), request.signature, publicKey))
    throw new EnrolmentRefused("bad_signature");
  if (Math.abs(now - request.createdAt) > CLOCK_WINDOW_MS) throw new EnrolmentRefused("clock_skew");

  // One transaction, so that a token never enrols two keys, however many requests race.
  return store.transaction(() => {
    const grant = store.enrollmentTokens.find(tokenId, secret);
    if (grant === undefined) throw new EnrolmentRefused("token_unknown");
    const known = store.hosts.withKey(publicKey);
    if (grant.used !== undefined) {
      if (grant.used.by === known) return known;
      throw new EnrolmentRefused("token_used");
    }
    if (known !== undefined) throw new EnrolmentRefused("key_enrolled");
    if (grant.expiresAt <= now) throw new EnrolmentRefused("token_expired");

    const id = hostIdSchema.parse(randomUUID());
    const { hostname, agentVersion } = request;
    // What the token says of the host goes before what the host says: labels decide which policies it gets.
    const labels = { ...request.labels, ...grant.labels };
    store.hosts.add({ id, hostname, labels, publicKey, agentVersion, enrolledAt: now });
    store.enrollmentTokens.redeem(tokenId, id, now);
    store.owners.resolveAgain(id);
    return id;
  });
}
