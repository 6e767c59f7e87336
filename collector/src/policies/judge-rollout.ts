/**
 * Whether a rollout goes on, waits or is to be halted, judged from how its hosts are. Decides and changes nothing:
 * `roll-on.ts` does what it says.
 */
import { DAY_MS, formatDuration, printable, type Instant } from "@shipkeeper/kit";
import {
  ringInBundle,
  ringsOfBundle,
  type BundleRing,
  type PolicyBundle,
  type Rollout,
} from "@shipkeeper/policy";
import type { RolloutHostFact, SinceTaken } from "../store/rollout-hosts.ts";
import type { RolloutRow } from "../store/rollouts.ts";

export interface RingProgress extends BundleRing {
  readonly hosts: number;
  /** Hosts of the ring that go by the revision, or by a later one. */
  readonly inForce: number;
  readonly silent: number;
}

export type NextStep =
  | { readonly step: "halt"; readonly reasons: readonly string[] }
  | { readonly step: "advance"; readonly ring: number }
  | { readonly step: "finish" }
  | { readonly step: "wait"; readonly why: string };

export interface RolloutJudgement {
  readonly rings: readonly RingProgress[];
  readonly next: NextStep;
}

/** A host that is online and does not take it keeps the last ring open this long beyond its bake time, and no longer. */
const MOST_WAIT_AT_LAST_MS = DAY_MS;
const MOST_NAMES = 3;

export function judgeRollout(
  bundle: PolicyBundle,
  rollout: Pick<RolloutRow, "ring" | "ringAt">,
  hosts: readonly RolloutHostFact[],
  now: Instant,
): RolloutJudgement {
  const rings = ringsOfBundle(bundle);
  const hostsOf = Map.groupBy(hosts, ({ hostId, labels }) => ringInBundle(bundle, { hostId, labels }));
  const progress = rings.map((ring, place): RingProgress => {
    const own = hostsOf.get(place) ?? [];
    return {
      ...ring,
      hosts: own.length,
      inForce: own.filter(({ holds }) => holds >= bundle.revision).length,
      silent: own.filter(({ state }) => state === "silent").length,
    };
  });

  const reasons = reasonsToHalt(haltLimits(bundle), hosts);
  if (reasons.length > 0) return { rings: progress, next: { step: "halt", reasons } };
  const reached = [...hostsOf].flatMap(([place, own]) => (place <= rollout.ring ? own : []));
  const waits = reasonToWait(bundle, { rollout, rings, reached, own: hostsOf.get(rollout.ring) ?? [] }, now);
  if (waits !== undefined) return { rings: progress, next: { step: "wait", why: waits } };
  const isLast = rollout.ring >= rings.length - 1;
  return { rings: progress, next: isLast ? { step: "finish" } : { step: "advance", ring: rollout.ring + 1 } };
}

interface Reached {
  readonly rollout: Pick<RolloutRow, "ring" | "ringAt">;
  readonly rings: readonly BundleRing[];
  /** Hosts of all rings that may have it. */
  readonly reached: readonly RolloutHostFact[];
  /** Hosts of the last of these rings. */
  readonly own: readonly RolloutHostFact[];
}

/** Every ring bakes from its first host on, so that a canary that was away for a while is a canary all the same. */
function reasonToWait(
  { revision }: PolicyBundle,
  { rollout, rings, reached, own }: Reached,
  now: Instant,
): string | undefined {
  const { name, bakeMs } = rings[rollout.ring] ?? { name: "all", bakeMs: 0 };
  const isLast = rollout.ring >= rings.length - 1;
  const taken = own.flatMap(({ since }) => since?.takenAt ?? []);
  const bakedSince = Math.max(rollout.ringAt, taken.length === 0 ? 0 : Math.min(...taken));
  const bakesFor = bakedSince + bakeMs - now;
  if (bakesFor > 0) return `ring ${name} bakes for ${formatDuration(bakesFor)} more`;

  if (isLast && now - rollout.ringAt > bakeMs + MOST_WAIT_AT_LAST_MS) return undefined;
  const late = reached.filter(({ state, holds }) => state === "online" && holds < revision);
  if (late.length > 0) {
    const one = late.length === 1;
    return `${names(late)} ${one ? "is" : "are"} online and ${one ? "has" : "have"} not taken it`;
  }
  const nobody = own.length > 0 && own.every(({ holds }) => holds < revision);
  return nobody && !isLast ? `no host of ring ${name} is there to take it` : undefined;
}

/** The strictest of the bundle's policies; undefined where none has a rollout. */
function haltLimits({ policies, atOnce }: PolicyBundle): Rollout["halt"] | undefined {
  const all = atOnce === true ? [] : policies.flatMap(({ rollout }) => rollout?.halt ?? []);
  if (all.length === 0) return undefined;
  const least = (key: "failedRuns" | "removed" | "unhealthy" | "silentHosts") =>
    Math.min(...all.map((halt) => halt[key]));
  return {
    failedRuns: least("failedRuns"),
    removed: least("removed"),
    unhealthy: least("unhealthy"),
    silentHosts: least("silentHosts"),
    guardrails: all.some(({ guardrails }) => guardrails),
  };
}

type Taken = RolloutHostFact & { readonly since: SinceTaken };

function reasonsToHalt(limits: Rollout["halt"] | undefined, hosts: readonly RolloutHostFact[]): string[] {
  if (limits === undefined) return [];
  const taken = hosts.flatMap((host): Taken[] =>
    host.since === undefined ? [] : [{ ...host, since: host.since }],
  );
  return [
    ...failedRuns(taken, limits.failedRuns),
    ...removedImages(taken, limits.removed),
    ...worseContainers(taken, limits.unhealthy),
    ...silentHosts(taken, limits.silentHosts),
    ...(limits.guardrails ? trippedGuardrails(taken) : []),
  ];
}

function failedRuns(taken: readonly Taken[], limit: number): string[] {
  const runs = sum(taken.map(({ since }) => since.runs));
  const failed = sum(taken.map(({ since }) => since.failedRuns));
  if (!exceeds(failed, runs, limit)) return [];
  const where = taken.filter(({ since }) => since.failedRuns > 0);
  return [
    `${failed} of ${runs} runs failed that had not failed before (limit ${limit}%), on ${names(where)}`,
  ];
}

function removedImages(taken: readonly Taken[], limit: number): string[] {
  return taken
    .filter(({ since }) => exceeds(since.removedImages, since.imagesBefore, limit))
    .slice(0, MOST_NAMES)
    .map(({ host, since }) => {
      const { removedImages, imagesBefore } = since;
      return `${short(host)} lost ${removedImages} of its ${imagesBefore} images (limit ${limit}%)`;
    });
}

function worseContainers(taken: readonly Taken[], limit: number): string[] {
  const before = sum(taken.map(({ since }) => since.containersBefore));
  const worse = taken.flatMap(({ host, since }) =>
    since.worse.map((name) => `${short(name)} on ${short(host)}`),
  );
  if (!exceeds(worse.length, before, limit)) return [];
  return [
    `${worse.length} of ${before} containers turned unhealthy or failed (limit ${limit}%): ${listed(worse)}`,
  ];
}

function silentHosts(taken: readonly Taken[], limit: number): string[] {
  const silent = taken.filter(({ state }) => state === "silent");
  if (!exceeds(silent.length, taken.length, limit)) return [];
  return [`${silent.length} of ${taken.length} hosts fell silent (limit ${limit}%): ${names(silent)}`];
}

function trippedGuardrails(taken: readonly Taken[]): string[] {
  const tripped = taken.flatMap(({ host, since }) =>
    since.tripped.map((rule) => `${short(rule)} on ${short(host)}`),
  );
  if (tripped.length === 0) return [];
  return [`a rule wanted more than the guardrails allow: ${listed(tripped)}`];
}

/** With nothing to count there is nothing to exceed. */
const exceeds = (part: number, whole: number, percent: number): boolean => part * 100 > whole * percent;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const short = (name: string): string => printable(name, 60);
const names = (hosts: readonly RolloutHostFact[]): string => listed(hosts.map(({ host }) => short(host)));

function listed(all: readonly string[]): string {
  const more = all.length - MOST_NAMES;
  return `${all.slice(0, MOST_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
