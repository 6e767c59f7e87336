/**
 * Which images and ended containers a host can do without. Owns the order of the reasons; what an engine is, how a
 * thing is removed and when the rule runs are not known here.
 */
import { isComplete, unusedSince, type InventorySection } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { isStep, type Plan, type VerdictFor } from "../action.ts";
import { applyLimits } from "../limits.ts";
import { containerTarget, imageTarget } from "../target.ts";
import { judgeContainer } from "./containers.ts";
import { estimateFreedBytes } from "./estimate.ts";
import { imageFacts, judgeImage } from "./images.ts";
import { byteLimit, limitsOf } from "./limits.ts";
import type { PruneReason } from "./reason.ts";
import type { PruneSpec } from "./spec.ts";

export type PruneVerdict = VerdictFor<PruneReason>;

/** A list that is not whole cannot say what nobody uses. */
const NEEDED: readonly InventorySection[] = ["containers", "images"];

/** A verdict for every image and every container that does not run. */
export function planPrune(spec: PruneSpec, world: World, rule = ""): Plan {
  const limits = limitsOf(spec, world, rule);
  const limitBytes = byteLimit(limits);
  const sized = estimateFreedBytes(judgeAll(spec, world), world.inventory);
  const limited = applyLimits<PruneReason>(sized, limits);
  const verdicts = [...limited.filter(isStep), ...limited.filter((verdict) => !isStep(verdict))];
  return { kind: "prune", verdicts, ...(limitBytes === undefined ? {} : { limitBytes }) };
}

function judgeAll(spec: PruneSpec, world: World): PruneVerdict[] {
  const { images, containers } = world.inventory;
  const idle = containers.filter(({ state }) => state !== "running");

  const section = NEEDED.find((needed) => !isComplete(world.inventory, needed));
  if (section !== undefined) {
    return [...idle.map(containerTarget), ...images.map(imageTarget)].map((target) => ({
      target,
      decision: "refuse",
      reason: { why: "inventory-incomplete", section },
    }));
  }

  const ended = [...idle].sort(by(({ finishedAt, createdAt, id }) => [finishedAt ?? createdAt ?? 0, id]));
  const facts = imageFacts(spec, world);
  // What was never seen counts as used right now.
  const leastUsed = [...images].sort(by((image) => [unusedSince(image) ?? Infinity, image.id]));

  return [
    // Containers first: the engine refuses an image while one of its containers exists, even an ended one.
    ...ended.map((container) => judgeContainer(spec, world, container)),
    ...leastUsed.map((image) => judgeImage(spec, world, facts, image)),
  ];
}

/** Orders by a number, then by id, so that equal ages give the same plan every time. */
function by<T>(keyOf: (item: T) => [number, string]): (a: T, b: T) => number {
  return (a, b) => {
    const [first, firstId] = keyOf(a);
    const [second, secondId] = keyOf(b);
    return first - second || (firstId < secondId ? -1 : 1);
  };
}
