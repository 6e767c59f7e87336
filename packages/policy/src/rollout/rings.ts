/**
 * Which hosts get a change first, and when the others may have it. Signed with the policies, so that every agent keeps
 * the order by its own clock and no collector can skip a ring; the collector reckons the same way to know whom to offer.
 */
import { fractionOf, type Instant } from "@shipkeeper/kit";
import type { HostLabels } from "@shipkeeper/model";
import { policiesFor } from "../language/compile.ts";
import type { Policy, PolicyBundle } from "../language/policy.ts";

/** The ring that every host is in at the latest. */
export const LAST_RING = "all";
/** The host label whose value puts a host into the ring of that name. */
const RING_LABEL = "ring";

export interface RolloutHost {
  readonly hostId: string;
  readonly labels: HostLabels;
}

/** `10%` → 10; undefined where the ring is no share. */
export function shareOfRing(ring: string): number | undefined {
  return /^\d{1,2}%$/.test(ring) ? Number(ring.slice(0, -1)) : undefined;
}

/**
 * The place of the first ring of a policy that the host is in. Which hosts a share takes is fixed by host and policy, so
 * 25% takes the hosts of 10% and others. 0 where the policy has no rollout: then there is one ring.
 */
export function ringOf({ name, rollout }: Policy, { hostId, labels }: RolloutHost): number {
  if (rollout === undefined) return 0;
  const place = rollout.rings.findIndex((ring) => {
    if (ring === LAST_RING) return true;
    const share = shareOfRing(ring);
    return share === undefined
      ? Object.hasOwn(labels, RING_LABEL) && labels[RING_LABEL] === ring
      : fractionOf(`${hostId} ${name}`) * 100 < share;
  });
  // Signed by something that does not end its rings with `all`: later than all of them.
  return place === -1 ? rollout.rings.length : place;
}

/** The ring of a host in a whole bundle: the last one that any policy puts it in, as no bundle comes into force in part. */
export function ringInBundle(bundle: PolicyBundle, host: RolloutHost): number {
  if (bundle.atOnce === true) return 0;
  return Math.max(0, ...policiesFor(bundle, host.labels).map((policy) => ringOf(policy, host)));
}

/** How long after the bundle was issued the host may have it, in milliseconds; 0 for the first ring. */
export function releaseDelayMs(bundle: PolicyBundle, host: RolloutHost): number {
  if (bundle.atOnce === true) return 0;
  const delays = policiesFor(bundle, host.labels).map(
    (policy) => ringOf(policy, host) * (policy.rollout?.bakeMs ?? 0),
  );
  return Math.max(0, ...delays);
}

/** From when on the host may have the bundle. */
export function releaseAt(bundle: PolicyBundle, host: RolloutHost): Instant {
  return bundle.issuedAt + releaseDelayMs(bundle, host);
}

/** One step of a bundle's rollout. */
export interface BundleRing {
  /** As the policies call it, each name once: `canary`, or `10% / early`. */
  readonly name: string;
  /** How long this ring has it before the next one may, in milliseconds: the longest of the policies. */
  readonly bakeMs: number;
}

/** The rings of a whole bundle in their order, one where no policy has a rollout. */
export function ringsOfBundle({ policies, atOnce }: PolicyBundle): BundleRing[] {
  const rollouts = atOnce === true ? [] : policies.flatMap(({ rollout }) => rollout ?? []);
  const count = Math.max(1, ...rollouts.map(({ rings }) => rings.length));
  return Array.from({ length: count }, (_, place) => {
    const taking = rollouts.filter(({ rings }) => place < rings.length);
    const names = [...new Set(taking.flatMap(({ rings }) => rings[place] ?? []))];
    return {
      name: names.length === 0 ? LAST_RING : names.join(" / "),
      bakeMs: Math.max(0, ...taking.map(({ bakeMs }) => bakeMs)),
    };
  });
}

/** When the last host may have the bundle, if nothing holds it up. */
export function lastReleaseAt(bundle: PolicyBundle): Instant {
  const delays = bundle.policies.map(({ rollout }) =>
    rollout === undefined ? 0 : (rollout.rings.length - 1) * rollout.bakeMs,
  );
  return bundle.issuedAt + (bundle.atOnce === true ? 0 : Math.max(0, ...delays));
}
