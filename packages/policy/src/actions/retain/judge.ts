/**
 * Which restore points of one dataset stay. Everything of the last `within` counts from now, never from the newest: who
 * adds false ones cannot push good ones out. A reason to keep is enough to stay; where anything is odd, all stay.
 */
import { DAY_MS, MINUTE_MS, type Instant } from "@shipkeeper/kit";
import { plausibility } from "../../dataset/plausibility.ts";
import type { Proof } from "../../dataset/proof.ts";
import type { ListedRestorePoint } from "../../round/outside.ts";
import type { KeepOfRepository } from "../backup/spec.ts";
import type { RetainReason } from "./reason.ts";

export interface JudgedRestorePoint {
  readonly point: ListedRestorePoint;
  readonly decision: "forget" | "keep" | "refuse";
  readonly reason: RetainReason;
}

/** Restore points that may take each other's place: of one dataset of one host, made by one rule, in one repository. */
export interface Group {
  readonly repository: string;
  readonly points: readonly ListedRestorePoint[];
  /** Of the repository and the dataset. */
  readonly proofs: readonly Proof[];
}

/** Clocks of two machines may differ so much. */
export const SKEW_MS = 5 * MINUTE_MS;

/** A verdict for every restore point of the group, newest first. */
export function judgeGroup(
  { repository, points, proofs }: Group,
  keep: KeepOfRepository,
  now: Instant,
): JudgedRestorePoint[] {
  const sorted = points.toSorted((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1));
  const isFuture = ({ at }: ListedRestorePoint) => at > now + SKEW_MS;
  const future = sorted.filter(isFuture).map((point): JudgedRestorePoint => {
    const reason = { why: "from-the-future", repository, aheadMs: point.at - now } as const;
    return { point, decision: "keep", reason };
  });
  const past = sorted.filter((point) => !isFuture(point));
  const [newest] = past;
  if (newest === undefined) return future;

  const kept = reasonsToKeep(past, { repository, proofs, keep, now });
  const refusal = reasonToRefuse(past, { repository, proofs, keep, now });
  const judged = past.map((point): JudgedRestorePoint => {
    const ageMs = Math.max(0, now - point.at);
    const stays = kept.get(point.id);
    if (stays !== undefined) return { point, decision: "keep", reason: stays };
    if (refusal !== undefined) return { point, decision: "refuse", reason: refusal };
    return {
      point,
      decision: "forget",
      reason: { why: "expired", repository, ageMs, limitMs: keep.within },
    };
  });
  return [...future, ...judged];
}

export interface Terms {
  readonly repository: string;
  readonly proofs: readonly Proof[];
  readonly keep: KeepOfRepository;
  readonly now: Instant;
}

/** By id, of those that have one: the first reason that holds. */
function reasonsToKeep(
  past: readonly ListedRestorePoint[],
  { repository, proofs, keep, now }: Terms,
): ReadonlyMap<string, RetainReason> {
  const reasons = new Map<string, RetainReason>();
  const give = (point: ListedRestorePoint | undefined, reason: RetainReason) => {
    if (point !== undefined && !reasons.has(point.id)) reasons.set(point.id, reason);
  };

  for (const point of past) {
    const ageMs = Math.max(0, now - point.at);
    if (ageMs <= keep.within) give(point, { why: "within", repository, ageMs, limitMs: keep.within });
  }
  give(past[0], { why: "newest", repository });
  const verified = verifiedAmong(past, proofs);
  for (const point of verified) give(point, { why: "verified", repository });
  // What nobody tried may be broken: then the one before it is all that there is.
  if (verified.length === 0) give(past[1], { why: "nothing-verified", repository });

  const older = past.filter(({ at }) => now - at > keep.within);
  for (const [of, count] of bucketsOf(keep)) {
    for (const [from, point] of newestPerBucket(older, of, count)) {
      give(point, { why: "bucket", repository, of, from });
    }
  }
  return reasons;
}

/**
 * The newest that the repository's structure proof covers and that was not found bad itself, and whatever passed a proof
 * of its own last.
 */
function verifiedAmong(
  past: readonly ListedRestorePoint[],
  proofs: readonly Proof[],
): readonly ListedRestorePoint[] {
  const bad = new Set(proofs.flatMap(({ passed, restorePoint }) => (passed ? [] : [restorePoint])));
  const good = proofs.filter(({ passed }) => passed);
  const wholeAt = Math.max(
    -Infinity,
    ...good.flatMap(({ level, at }) => (level === "structure" ? [at] : [])),
  );
  const covered = past.find(({ id, at }) => at <= wholeAt && !bad.has(id));
  const proven = past.filter(({ id }) => good.some(({ restorePoint }) => restorePoint === id));
  return covered === undefined ? proven : [covered, ...proven];
}

/** Why none of the group may go. `past` are newest first, and none is from the future. */
export function reasonToRefuse(
  past: readonly ListedRestorePoint[],
  { repository, proofs, keep, now }: Terms,
): RetainReason | undefined {
  const [newest] = past;
  if (newest === undefined) return undefined;
  const ageMs = now - newest.at;
  if (ageMs > keep.within) {
    return { why: "nothing-recent", repository, newestAt: newest.at, ageMs, limitMs: keep.within };
  }
  const damage = damageIn(proofs);
  if (damage !== undefined) return { why: "damaged", repository, problem: damage.message ?? damage.level };
  const found = standingIn(proofs).find(({ restorePoint }) => restorePoint === newest.id);
  const problem = found === undefined ? oddSize(past, newest) : (found.message ?? `failed ${found.level}`);
  return problem === undefined
    ? undefined
    : { why: "newest-suspicious", repository, newest: newest.id, problem };
}

/** What was found wrong with the repository as a whole and not found mended since. */
export function damageIn(proofs: readonly Proof[]): Proof | undefined {
  return standingIn(proofs).find(({ level }) => level === "structure" || level === "bytes");
}

function standingIn(proofs: readonly Proof[]): Proof[] {
  return proofs.filter((proof) => !proof.passed && !isRefuted(proof, proofs));
}

/** The same was looked at again, and was good. */
function isRefuted({ level, restorePoint, at }: Proof, proofs: readonly Proof[]): boolean {
  return proofs.some(
    (one) => one.passed && one.level === level && one.restorePoint === restorePoint && one.at > at,
  );
}

function oddSize(past: readonly ListedRestorePoint[], newest: ListedRestorePoint): string | undefined {
  if (newest.size === undefined) return undefined;
  const earlier = past.slice(1).toReversed();
  return plausibility(
    newest.size,
    earlier.flatMap(({ size }) => size ?? []),
  ).message;
}

type Bucket = "day" | "week" | "month" | "year";

function bucketsOf({ daily, weekly, monthly, yearly }: KeepOfRepository): [Bucket, number][] {
  return [
    ["day", daily],
    ["week", weekly],
    ["month", monthly],
    ["year", yearly],
  ];
}

/** The newest of each of so many days, weeks, … that have any, by when the bucket begins. `points` are newest first. */
function newestPerBucket(
  points: readonly ListedRestorePoint[],
  of: Bucket,
  count: number,
): ReadonlyMap<Instant, ListedRestorePoint> {
  const found = new Map<Instant, ListedRestorePoint>();
  for (const point of points) {
    const from = beginOf(of, point.at);
    if (found.size < count && !found.has(from)) found.set(from, point);
  }
  return found;
}

/** In UTC; weeks begin on Monday. */
function beginOf(of: Bucket, at: Instant): Instant {
  const day = Math.floor(at / DAY_MS) * DAY_MS;
  const date = new Date(day);
  if (of === "day") return day;
  if (of === "week") return day - ((date.getUTCDay() + 6) % 7) * DAY_MS;
  return Date.UTC(date.getUTCFullYear(), of === "month" ? date.getUTCMonth() : 0, 1);
}
