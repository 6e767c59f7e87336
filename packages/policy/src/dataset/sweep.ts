/**
 * Where the re-reading of a repository's bytes stands.
 *
 * restic reads a subset `k/t`: the packs whose id begins with a byte that leaves `k - 1` when it is divided by `t`. Put the
 * 256 bytes in the order of their bits read backwards, and every subset of a power of two is one stretch of that circle, the
 * subsets of twice that power its two halves. So a sweep is a place on the circle that moves on, in large steps or
 * small ones, and no byte is left out or read twice where the size of a step changes.
 */
import type { Instant } from "@shipkeeper/kit";
import type { Proof } from "./proof.ts";

/** As many as a byte has values, which is also the largest `t` that restic takes. */
export const PLACES = 256;

/** From a place to another, which is left out. Its length is a power of two that its beginning is a multiple of. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Sweep {
  /** The place where the next stretch begins. */
  readonly next: number;
  /** When each place was read last; undefined where it never was. */
  readonly readAt: readonly (Instant | undefined)[];
}

export const NOTHING_READ: Sweep = {
  next: 0,
  readAt: Array.from({ length: PLACES }, () => undefined),
};

/** The longest stretch from where the sweep stands that is no longer than asked for. */
export function nextStretch({ next }: Sweep, longest: number): Stretch {
  let length = 1;
  while (length * 2 <= Math.min(longest, PLACES) && next % (length * 2) === 0) length *= 2;
  return { from: next, to: next + length };
}

/** `3/32`, as restic names it. */
export function subsetOf({ from, to }: Stretch): string {
  const groups = PLACES / (to - from);
  let left = from / (to - from);
  let group = 0;
  for (let bit = 1; bit < groups; bit *= 2) {
    group = group * 2 + (left % 2);
    left = Math.floor(left / 2);
  }
  return `${group + 1}/${groups}`;
}

/** The sweep after a stretch was read and found good. */
export function afterReading({ readAt }: Sweep, { from, to }: Stretch, at: Instant): Sweep {
  return { next: to % PLACES, readAt: readAt.map((was, place) => (place >= from && place < to ? at : was)) };
}

/** How the sweep travels in the facts of a proof: `8@kx2f9d4w 248@-`, places in a row and when they were read. */
export function sweepFacts({ next, readAt }: Sweep): { next: number; readAt: string } {
  const runs: { count: number; at: string }[] = [];
  for (const at of readAt) {
    const text = at === undefined ? "-" : at.toString(36);
    const last = runs.at(-1);
    if (last?.at === text) last.count += 1;
    else runs.push({ count: 1, at: text });
  }
  return { next, readAt: runs.map(({ count, at }) => `${count}@${at}`).join(" ") };
}

/** The sweep that a proof of level `bytes` tells of. What cannot be understood counts as never read. */
export function sweepOf(proof: Pick<Proof, "facts"> | undefined): Sweep {
  const { next, readAt } = proof?.facts ?? {};
  if (typeof next !== "number" || typeof readAt !== "string") return NOTHING_READ;
  const places = readAt.split(" ").flatMap((run) => {
    const [, count, at] = /^(\d{1,3})@(-|[0-9a-z]{1,9})$/.exec(run) ?? [];
    if (count === undefined || at === undefined) return [];
    return Array.from({ length: Number(count) }, () => (at === "-" ? undefined : Number.parseInt(at, 36)));
  });
  const fits = places.length === PLACES && Number.isInteger(next) && next >= 0 && next < PLACES;
  return fits ? { next, readAt: places } : NOTHING_READ;
}

/** When the place was read whose turn was longest ago; undefined while some never was. */
export function everyByteReadSince(proof: Pick<Proof, "facts">): Instant | undefined {
  const { readAt } = sweepOf(proof);
  const times = readAt.filter((at) => at !== undefined);
  return times.length < PLACES ? undefined : Math.min(...times);
}

/** The share of the repository that was ever read, from 0 to 1. */
export function shareRead({ readAt }: Sweep): number {
  return readAt.filter((at) => at !== undefined).length / PLACES;
}
