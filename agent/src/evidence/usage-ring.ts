/**
 * What containers used in the last minutes, so that their end can be told with what led to it. Takes every sweep and
 * keeps one value every ten seconds, 2.3 kB a container.
 */
import { MINUTE_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";
import type { Sweep } from "@shipkeeper/docker";
import { CONTAINER_METRICS, NOT_READ, type ContainerMetric } from "@shipkeeper/model";
import type { Usage } from "@shipkeeper/protocol";

const STEP_MS = 10 * SECOND_MS;
const SLOTS = 60;
const KEPT_MS = SLOTS * STEP_MS;
/** Beyond it later containers are not followed: 23 MB. */
const MOST_CONTAINERS = 10_000;

interface Kept {
  readonly metric: Usage["metric"];
  readonly unit: Usage["unit"];
  readonly place: number;
  /** What the growth of a counter in a second is divided by; absent for what is no counter. */
  readonly perSecond?: number;
}

const kept = (
  metric: Usage["metric"],
  unit: Usage["unit"],
  of: ContainerMetric,
  perSecond?: number,
): Kept => ({
  metric,
  unit,
  place: CONTAINER_METRICS.indexOf(of),
  ...(perSecond !== undefined && { perSecond }),
});

const KEPT: readonly Kept[] = [
  kept("cpu", "cores", "cpuUsageUs", 1e6),
  kept("memory", "bytes", "memoryWorkingSetBytes"),
  kept("network-in", "bytes-a-second", "networkReceivedBytes", 1),
  kept("network-out", "bytes-a-second", "networkSentBytes", 1),
  kept("disk-read", "bytes-a-second", "blockReadBytes", 1),
  kept("disk-write", "bytes-a-second", "blockWrittenBytes", 1),
  kept("processes", "count", "pids"),
];

/** One container: the last reading of each step as a value, and the counters at the end of the step before. */
interface Ring {
  readonly times: Float64Array;
  readonly values: Float32Array;
  /** The newest step. */
  step: number;
  raw: Float64Array;
  before: Float64Array;
  at: Instant;
  atBefore: Instant;
}

export interface UsageRing {
  take(sweep: Pick<Sweep, "at" | "readings">): void;
  /** Of the ten minutes up to `until`; a metric that was not read is left out. */
  of(containerId: string, until: Instant): Usage[];
}

export function usageRing(): UsageRing {
  const rings = new Map<string, Ring>();
  let sweptAt: Instant = -Infinity;

  function forgetBefore(at: Instant): void {
    for (const [id, ring] of rings) if (ring.at < at) rings.delete(id);
  }

  return {
    take({ at, readings }) {
      if (at - sweptAt >= MINUTE_MS) {
        forgetBefore(at - KEPT_MS);
        sweptAt = at;
      }
      for (const { id, values } of readings) {
        let ring = rings.get(id);
        if (ring === undefined) {
          if (rings.size >= MOST_CONTAINERS) continue;
          rings.set(id, (ring = emptyRing()));
        }
        takeReading(ring, at, values);
      }
    },

    of(containerId, until) {
      const ring = rings.get(containerId);
      return ring === undefined ? [] : KEPT.flatMap((_, place) => usageOf(ring, place, until) ?? []);
    },
  };
}

const emptyRing = (): Ring => ({
  times: new Float64Array(SLOTS).fill(-Infinity),
  values: new Float32Array(SLOTS * KEPT.length),
  step: -1,
  raw: new Float64Array(KEPT.length).fill(NOT_READ),
  before: new Float64Array(KEPT.length).fill(NOT_READ),
  at: -Infinity,
  atBefore: -Infinity,
});

function takeReading(ring: Ring, at: Instant, reading: ArrayLike<number>): void {
  if (at <= ring.at) return;
  const step = Math.floor(at / STEP_MS);
  if (step !== ring.step) {
    [ring.before, ring.raw] = [ring.raw, ring.before];
    ring.atBefore = ring.at;
    ring.step = step;
  }
  ring.at = at;
  const slot = step % SLOTS;
  ring.times[slot] = at;
  for (const [place, { place: column, perSecond }] of KEPT.entries()) {
    const value = reading[column] ?? NOT_READ;
    ring.raw[place] = value;
    const shown = perSecond === undefined ? value : rateOf(ring, place, value) / perSecond;
    ring.values[slot * KEPT.length + place] = value === NOT_READ || shown < 0 ? NOT_READ : shown;
  }
}

/** Growth in a second since the end of the step before; below 0 where it is not known, as after a restart. */
function rateOf(ring: Ring, place: number, value: number): number {
  const before = ring.before[place] ?? NOT_READ;
  if (before === NOT_READ || value < before || ring.at - ring.atBefore > KEPT_MS) return -Infinity;
  return ((value - before) * SECOND_MS) / (ring.at - ring.atBefore);
}

function usageOf(ring: Ring, place: number, until: Instant): Usage | undefined {
  const kind = KEPT[place];
  if (kind === undefined) return undefined;
  const points = Array.from(ring.times, (at, slot) => ({
    at,
    value: ring.values[slot * KEPT.length + place] ?? NOT_READ,
  }))
    .filter(({ at, value }) => at > until - KEPT_MS && at <= until && value !== NOT_READ)
    .map(({ at, value }) => ({
      at,
      value: kind.unit === "cores" ? Math.round(value * 1_000) / 1_000 : Math.round(value),
    }))
    .toSorted((a, b) => a.at - b.at);
  const last = points.at(-1);
  if (last === undefined) return undefined;
  const values = points.map(({ value }) => value);
  const { metric, unit } = kind;
  return { metric, unit, min: Math.min(...values), max: Math.max(...values), last: last.value, points };
}
