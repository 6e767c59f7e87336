/** What no restart mends: many that fell ill together, an image that is sick everywhere, a host at its limits. */
import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { Load } from "../../round/signals.ts";
import type { RestartSpec } from "./spec.ts";

/** What falls ill within such a time falls ill together. */
const TOGETHER_MS = 10 * MINUTE_MS;
/** Hosts on which an image must be sick for it to be the image's fault. */
export const FLEET_STORM_HOSTS = 3;

export interface Storm {
  readonly sick: number;
  readonly of: number;
}

/** Whether so many fell ill together that it is the host's illness. `since`: of those that are nobody else's fault. */
export function stormOf(
  { share, least }: RestartSpec["storm"],
  since: readonly Instant[],
  watched: number,
): Storm | undefined {
  const most = Math.max(least, Math.ceil((share / 100) * watched));
  const sorted = since.toSorted((a, b) => a - b);
  const together = sorted.map(
    (first, index) => sorted.slice(index).filter((at) => at - first < TOGETHER_MS).length,
  );
  const sick = Math.max(0, ...together);
  return sick >= most ? { sick, of: watched } : undefined;
}

/** What of the host is at its limit. */
export interface Pressure {
  readonly what: keyof Load;
  readonly value: number;
  readonly limit: number;
}

/**
 * Beyond these a health check says more of the host than of the container. systemd-oomd kills at 60 % of memory
 * pressure, and the kubelet evicts at a tenth of the disk: a stop and a start still need room to do their work.
 */
const FLOORS: Partial<Load> = { memoryAvailable: 0.03, diskFree: 0.01 };
const CEILINGS: Partial<Load> = { memoryStalled: 0.4, ioStalled: 0.4, loadPerCpu: 16 };

/** The first limit that the host is beyond; undefined where it has room, or nobody can tell. */
export function pressureOf(load: Load): Pressure | undefined {
  const beyond = (limits: Partial<Load>, isBeyond: (value: number, limit: number) => boolean) =>
    (Object.entries(limits) as [keyof Load, number][]).flatMap(([what, limit]): Pressure[] => {
      const value = load[what];
      return value !== undefined && isBeyond(value, limit) ? [{ what, value, limit }] : [];
    });
  return [
    ...beyond(FLOORS, (value, limit) => value < limit),
    ...beyond(CEILINGS, (value, limit) => value > limit),
  ][0];
}
