/** Which revision a host may have next. Agents keep the signed times by themselves; this keeps to them, and to halts. */
import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { ringInBundle } from "@shipkeeper/policy";
import type { Receipt } from "@shipkeeper/protocol";
import { keyFingerprint } from "@shipkeeper/runtime";
import type { PolicyInForce } from "../store/policies.ts";
import type { Store } from "../store/store.ts";

/** What a host says of itself when it asks. */
export interface Asking {
  readonly hostId: HostId;
  /** The revision it goes by; 0 for none. */
  readonly held: number;
  /** Fingerprints of the keys that it believes; empty where it does not say. */
  readonly trusts?: readonly string[];
}

/**
 * The newest revision whose rollout has reached the host, and which the host can believe: after a change of keys that may
 * be an older one, whose keys open the next. Where it believes none of them it gets the newest all the same, so that its
 * refusal is heard of.
 */
export function offerFor(
  { policies, rollouts, hosts }: Store,
  { hostId, held, trusts = [] }: Asking,
  now: Instant,
): PolicyInForce | undefined {
  const host = { hostId, labels: hosts.labelsOf(hostId) };
  let newest: PolicyInForce | undefined;
  for (const { revision, ring } of rollouts.offerable(held, now)) {
    const offer = policies.bundleOf(revision);
    if (offer === undefined || ringInBundle(offer.bundle, host) > ring) continue;
    if (trusts.length === 0 || trusts.includes(keyFingerprint(offer.signed.publicKey))) return offer;
    newest ??= offer;
  }
  return newest;
}

/** The revision that the host goes by, where that was halted. */
export function haltOf({ rollouts }: Store, { held }: Pick<Asking, "held">): number | undefined {
  return rollouts.find(held)?.state === "halted" ? held : undefined;
}

/** What a receipt says of policies. */
export function policyNews(
  store: Store,
  asking: Asking,
  now: Instant,
): Pick<Receipt, "policyRevision" | "haltedRevision"> {
  const haltedRevision = haltOf(store, asking);
  const policyRevision = offerFor(store, asking, now)?.bundle.revision ?? asking.held;
  return { policyRevision, ...(haltedRevision === undefined ? {} : { haltedRevision }) };
}
