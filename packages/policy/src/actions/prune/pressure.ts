/**
 * What goes when the disk of the engine runs full, beyond what its age lets go: the least recently used first, until the
 * estimate reaches the low mark. Every floor holds: only what was kept for its age alone can go.
 */
import { HOUR_MS } from "@shipkeeper/kit";
import { unusedSince, type Disk, type Inventory } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { isStep } from "../action.ts";
import { expectImage, type Expectation } from "../expectation.ts";
import { estimateFreedBytes, freeingOf } from "./estimate.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneSpec } from "./spec.ts";

type PressureSpec = NonNullable<PruneSpec["pressure"]>;

/** Under pressure, too, a pull, a build or a roll-out has so long to need what it brought. */
export const LEAST_IDLE_MS = 2 * HOUR_MS;

/** Kept because it is too young for the rule, and for no other reason. */
const BY_AGE: ReadonlySet<string> = new Set(["used-recently", "too-young", "named", "age-unknown"]);

const MOST_CONSUMERS = 5;

/** The engine's disk while it is above a high mark, or undefined while it is not, or is not known. */
export function pressedDisk(spec: PruneSpec, { inventory }: Pick<World, "inventory">): Disk | undefined {
  const { pressure } = spec;
  const disk = inventory.host.disks.find(({ path }) => path === inventory.engine?.rootDir);
  if (pressure === undefined || disk === undefined) return undefined;
  const isFull =
    usedShareOf(disk) >= pressure.above || usedInodeShareOf(disk) >= (pressure.inodesAbove ?? Infinity);
  return isFull ? disk : undefined;
}

/** Whether a disk is down to the low mark, by bytes and, where inodes count, by these. */
export function isRelieved(
  disk: Disk,
  { downTo, countsInodes }: { downTo: number; countsInodes: boolean },
): boolean {
  return usedShareOf(disk) <= downTo && (!countsInodes || usedInodeShareOf(disk) <= downTo);
}

/** Estimated verdicts, with those that pressure lets go turned into steps behind the others, and what is still missing told. */
export function underPressure(
  verdicts: readonly PruneVerdict[],
  spec: PruneSpec,
  world: World,
): readonly PruneVerdict[] {
  const { pressure } = spec;
  const disk = pressedDisk(spec, world);
  if (pressure === undefined || disk === undefined) return verdicts;

  const { inventory, now } = world;
  const countsInodes = usedInodeShareOf(disk) >= (pressure.inodesAbove ?? Infinity);
  // How many inodes an image has is not known: every candidate is planned, and the run stops when the disk is relieved.
  const { downTo } = pressure;
  const usedShare = Math.floor(usedShareOf(disk));
  const toFree = countsInodes ? Infinity : excessBytes(disk, pressure);
  const candidates = verdicts.flatMap((verdict) => candidateOf(verdict, inventory, now)).sort(byWorth);

  const pressed = new Set(candidates.map(({ verdict }) => verdict));
  const rest = verdicts.filter((verdict) => !pressed.has(verdict));
  const freeing = freeingOf(inventory);
  let freed = 0;
  for (const { target } of rest.filter(isStep)) freed += freeing.free(target);
  const steps = candidates.map(({ verdict, idleSince, expect }): PruneVerdict => {
    if (freed >= toFree) return verdict;
    freed += freeing.free(verdict.target);
    const unusedForMs = now - idleSince;
    const reason = { why: "pressure", unusedForMs, usedShare, downTo, countsInodes } as const;
    return { target: verdict.target, decision: "remove", reason, expect };
  });
  const isUnresolved = freed < toFree && steps.every(isStep);
  const all = [...rest, ...steps, ...(isUnresolved ? [exhausted(disk, world)] : [])];
  return estimateFreedBytes(all, inventory);
}

/** Dangling first, then the least recently used, then the larger. */
function byWorth(a: Candidate, b: Candidate): number {
  return (
    Number(b.isDangling) - Number(a.isDangling) ||
    a.idleSince - b.idleSince ||
    (b.verdict.bytes ?? 0) - (a.verdict.bytes ?? 0) ||
    (a.verdict.target.id < b.verdict.target.id ? -1 : 1)
  );
}

interface Candidate {
  readonly verdict: PruneVerdict;
  readonly idleSince: number;
  readonly isDangling: boolean;
  readonly expect: Expectation;
}

function candidateOf(verdict: PruneVerdict, { images }: Inventory, now: number): Candidate[] {
  const { target, decision, reason } = verdict;
  if (decision !== "keep" || !BY_AGE.has(reason.why)) return [];
  const image = target.type === "image" ? images.find(({ id }) => id === target.id) : undefined;
  const idleSince = image && unusedSince(image);
  if (image === undefined || idleSince === undefined || now - idleSince < LEAST_IDLE_MS) return [];
  const isDangling = image.tags.length === 0 && image.digests.length === 0;
  return [{ verdict, idleSince, isDangling, expect: expectImage(image) }];
}

/** Handed over to people: with everything gone that may go, the disk is still too full. By what, is told with it. */
function exhausted(disk: Disk, { inventory }: World): PruneVerdict {
  return {
    target: { type: "host", id: disk.path, name: disk.path },
    decision: "give-up",
    reason: {
      why: "pressure-unresolved",
      usedShare: Math.floor(usedShareOf(disk)),
      consumers: topConsumers(inventory),
    },
  };
}

function topConsumers({ containers, volumes, buildCache }: Inventory): { what: string; bytes: number }[] {
  const cacheBytes = buildCache.reduce((total, { sizeBytes, shared }) => total + (shared ? 0 : sizeBytes), 0);
  return [
    ...containers.map(({ name, writableBytes = 0 }) => ({ what: `container ${name}`, bytes: writableBytes })),
    ...containers.map(({ name, logBytes = 0 }) => ({ what: `log of ${name}`, bytes: logBytes })),
    ...volumes.map(({ name, sizeBytes = 0 }) => ({ what: `volume ${name}`, bytes: sizeBytes })),
    { what: "build cache", bytes: cacheBytes },
  ]
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes || (a.what < b.what ? -1 : 1))
    .slice(0, MOST_CONSUMERS);
}

function excessBytes({ totalBytes, freeBytes }: Disk, { downTo }: PressureSpec): number {
  return Math.max(0, totalBytes - freeBytes - (totalBytes * downTo) / 100);
}

/** Percent; a disk of no size is not full. */
function usedShareOf({ totalBytes, freeBytes }: Disk): number {
  return totalBytes === 0 ? 0 : (100 * (totalBytes - freeBytes)) / totalBytes;
}

/** Percent; some file systems (btrfs) make inodes as they need them, and say 0 of 0. */
function usedInodeShareOf({ totalInodes, freeInodes }: Disk): number {
  return totalInodes === 0 ? 0 : (100 * (totalInodes - freeInodes)) / totalInodes;
}
