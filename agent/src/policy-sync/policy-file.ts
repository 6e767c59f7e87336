import { existsSync, readFileSync } from "node:fs";
import type { Instant } from "@shipkeeper/kit";
import { releaseAt, releaseDelayMs, type PolicyBundle, type RolloutHost } from "@shipkeeper/policy";
import { BundleRefused, openBundle, writeFileDurably } from "@shipkeeper/runtime";

/** The bundle in force, and the very bytes that it came in. */
export interface HeldBundle {
  readonly bundle: PolicyBundle;
  readonly envelope: string;
}

/**
 * The bundle of the last run, verified again: what lies on a disk may have been changed there. Undefined where there
 * is none. An expired one is held on: it is not enforced any more, but rounds go on observing by it.
 */
export function loadHeldBundle(file: string, policyKeys: readonly string[]): HeldBundle | undefined {
  if (!existsSync(file)) return undefined;
  const envelope = readFileSync(file, "utf8");
  return { bundle: openEnvelope(envelope, policyKeys), envelope };
}

/** On disk before it counts, so that no crash brings an older one back (P2). */
export function saveHeldBundle(file: string, { envelope }: HeldBundle): void {
  writeFileDurably(file, envelope, 0o600);
}

/** What to make of an envelope that the collector offers. */
export type Offer =
  | { readonly kind: "held" }
  /** Its rollout has not reached this host: no trouble, and nothing to go over to before `at`. */
  | { readonly kind: "early"; readonly revision: number; readonly at: Instant }
  | { readonly kind: "take"; readonly offered: HeldBundle };

export interface OfferQuestion {
  readonly policyKeys: readonly string[];
  readonly held: HeldBundle | undefined;
  readonly host: RolloutHost;
  readonly now: Instant;
}

/** Throws `BundleRefused` where the offer is not to be believed, older, or past its time. */
export function judgeOffer(envelope: string, { policyKeys, held, host, now }: OfferQuestion): Offer {
  if (envelope === held?.envelope) return { kind: "held" };
  const bundle = openEnvelope(envelope, policyKeys);
  const { revision, expiresAt } = bundle;
  if (held !== undefined && revision <= held.bundle.revision) {
    throw new BundleRefused(
      `the collector offered policy revision ${revision}, revision ${held.bundle.revision} is held: policies never go back`,
    );
  }
  if (expiresAt <= now) {
    throw new BundleRefused(`policy revision ${revision} expired on ${new Date(expiresAt).toISOString()}`);
  }
  // The first ring waits for no clock: whoever signed may have one that is fast.
  const at = releaseAt(bundle, host);
  if (releaseDelayMs(bundle, host) > 0 && now < at) return { kind: "early", revision, at };
  return { kind: "take", offered: { bundle, envelope } };
}

function openEnvelope(envelope: string, policyKeys: readonly string[]): PolicyBundle {
  let raw: unknown;
  try {
    raw = JSON.parse(envelope);
  } catch (error) {
    throw new BundleRefused("this is not a signed policy bundle", { cause: error });
  }
  return openBundle(raw, policyKeys);
}
