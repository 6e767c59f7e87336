/** The arithmetic of availability: pieces of time in which something was up or down, and what they come to. */
import type { Instant } from "@shipkeeper/kit";
import type { Spell } from "../store/availability.ts";

export interface Interval {
  readonly from: Instant;
  readonly to: Instant;
}

/** A stretch of counted time. Lists of them are in order and do not overlap. */
export interface Piece extends Interval {
  readonly state: "up" | "down";
}

export interface Tally {
  readonly upMs: number;
  readonly downMs: number;
  readonly outages: number;
  readonly longestOutageMs: number;
}

/** The same time as intervals that are in order and apart, cut to the window. */
export function union(intervals: readonly Interval[], window: Interval): Interval[] {
  const clipped = intervals
    .map(({ from, to }) => ({ from: Math.max(from, window.from), to: Math.min(to, window.to) }))
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.from - b.from);
  const merged: { from: Instant; to: Instant }[] = [];
  for (const interval of clipped) {
    const last = merged.at(-1);
    if (last !== undefined && interval.from <= last.to) last.to = Math.max(last.to, interval.to);
    else merged.push({ ...interval });
  }
  return merged;
}

/** What of the spells of one identity is counted: up or down, and watched. Both lists in order. */
export function piecesOf(
  spells: readonly Pick<Spell, "since" | "until" | "state">[],
  watched: readonly Interval[],
): Piece[] {
  const pieces: Piece[] = [];
  let first = 0;
  for (const { since, until = Infinity, state } of spells) {
    if (state === "out") continue;
    while (first < watched.length && (watched[first]?.to ?? 0) <= since) first += 1;
    for (let place = first; place < watched.length; place += 1) {
      const interval = watched[place];
      if (interval === undefined || interval.from >= until) break;
      pieces.push({ state, from: Math.max(since, interval.from), to: Math.min(until, interval.to) });
    }
  }
  return pieces;
}

/** Many as one: up while at least one of them is, down while none is and at least one is down. */
export function together(members: readonly (readonly Piece[])[]): Piece[] {
  const [only] = members;
  if (only !== undefined && members.length === 1) return [...only];
  const edges: { at: Instant; up: number; down: number }[] = [];
  for (const { from, to, state } of members.flat()) {
    const [up, down] = state === "up" ? [1, 0] : [0, 1];
    edges.push({ at: from, up, down }, { at: to, up: -up, down: -down });
  }
  edges.sort((a, b) => a.at - b.at);

  const pieces: { state: "up" | "down"; from: Instant; to: Instant }[] = [];
  const now = { up: 0, down: 0 };
  for (const [place, { at, up, down }] of edges.entries()) {
    now.up += up;
    now.down += down;
    const to = edges[place + 1]?.at ?? at;
    if (to === at || now.up + now.down === 0) continue;
    const state = now.up > 0 ? "up" : "down";
    const last = pieces.at(-1);
    if (last?.state === state && last.to === at) last.to = to;
    else pieces.push({ state, from: at, to });
  }
  return pieces;
}

/** An outage lasts until it is up again; time that is not counted neither ends nor lengthens it. */
export function tally(pieces: readonly Piece[]): Tally {
  let [upMs, downMs, outages, longestOutageMs, outageMs] = [0, 0, 0, 0, 0];
  for (const { state, from, to } of pieces) {
    if (state === "up") {
      upMs += to - from;
      outageMs = 0;
      continue;
    }
    if (outageMs === 0) outages += 1;
    downMs += to - from;
    outageMs += to - from;
    longestOutageMs = Math.max(longestOutageMs, outageMs);
  }
  return { upMs, downMs, outages, longestOutageMs };
}

/** Undefined where nothing was counted. */
export function shareOf({ upMs, downMs }: Pick<Tally, "upMs" | "downMs">): number | undefined {
  return upMs + downMs === 0 ? undefined : upMs / (upMs + downMs);
}

/** How the tally keeps a target, in per cent of the counted time. */
export function againstTarget(
  { upMs, downMs }: Tally,
  targetPercent: number,
): { met: boolean; budgetLeftMs: number } | undefined {
  const countedMs = upMs + downMs;
  if (countedMs === 0) return undefined;
  const budgetLeftMs = Math.round((countedMs * (100 - targetPercent)) / 100) - downMs;
  return { met: upMs * 100 >= targetPercent * countedMs, budgetLeftMs };
}
