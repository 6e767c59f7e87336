import type { World } from "../../round/world.ts";
import { isStep } from "../action.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneSpec } from "./spec.ts";

/** A share never means fewer things than this, so that a host with three images can prune, too. */
export const SMALL_HOST = 10;

interface Limit {
  /** As it is called in the file that sets it. */
  readonly name: string;
  readonly unit: "items" | "bytes";
  readonly most: number;
  readonly costOf: (verdict: PruneVerdict) => number;
}

/** Turns the steps that a limit has no room for into waits. The next run finds them again. */
export function applyLimits(
  verdicts: readonly PruneVerdict[],
  spec: PruneSpec,
  world: World,
): PruneVerdict[] {
  const room = limitsOf(spec, world).map((limit) => ({ limit, left: limit.most }));

  return verdicts.map((verdict): PruneVerdict => {
    if (!isStep(verdict)) return verdict;
    const full = room.find(({ limit, left }) => limit.costOf(verdict) > left);
    if (full === undefined) {
      for (const each of room) each.left -= each.limit.costOf(verdict);
      return verdict;
    }
    const { name, most, unit } = full.limit;
    const { expect: _, ...rest } = verdict;
    return { ...rest, decision: "wait", reason: { why: "limit", limit: name, most, unit } };
  });
}

/** The stricter of policy and guardrails, where any of them limits the bytes of a run. */
export function byteLimit(spec: PruneSpec, world: World): number | undefined {
  const limits = limitsOf(spec, world).filter(({ unit }) => unit === "bytes");
  return limits.length === 0 ? undefined : Math.min(...limits.map(({ most }) => most));
}

function limitsOf({ limits: { items, bytes, share } }: PruneSpec, world: World): Limit[] {
  const { images, containers } = world.inventory;
  const { perRun, perDay } = world.guardrails.limits;
  const { lastDay } = world.ledger;
  const ofImages = (verdict: PruneVerdict) => (verdict.target.type === "image" ? 1 : 0);
  const ofContainers = (verdict: PruneVerdict) => (verdict.target.type === "container" ? 1 : 0);
  const shareOf = (count: number) => Math.max(SMALL_HOST, Math.floor((count * share) / 100));

  return [
    counted("limits.items", items, () => 1),
    counted("limits.share of the images", shareOf(images.length), ofImages),
    counted("limits.share of the containers", shareOf(containers.length), ofContainers),
    sized("limits.bytes", bytes),
    counted("guardrails limits.perRun.images", perRun.images, ofImages),
    counted("guardrails limits.perRun.containers", perRun.containers, ofContainers),
    sized("guardrails limits.perRun.bytes", perRun.bytes),
    counted("guardrails limits.perDay.images", rest(perDay.images, lastDay.images), ofImages),
    counted("guardrails limits.perDay.containers", rest(perDay.containers, lastDay.containers), ofContainers),
  ].flat();
}

function counted(name: string, most: number | undefined, costOf: Limit["costOf"]): Limit[] {
  return most === undefined ? [] : [{ name, unit: "items", most, costOf }];
}

function sized(name: string, most: number | undefined): Limit[] {
  return most === undefined ? [] : [{ name, unit: "bytes", most, costOf: ({ bytes }) => bytes ?? 0 }];
}

function rest(perDay: number | undefined, doneToday: number): number | undefined {
  return perDay === undefined ? undefined : Math.max(0, perDay - doneToday);
}
