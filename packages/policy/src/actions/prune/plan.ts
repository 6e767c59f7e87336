/**
 * Which images, ended containers, networks, volumes and build cache a host can do without. Owns their order; what an
 * engine is, how a thing is removed and when the rule runs are not known here.
 */
import { isComplete, unusedSince, type InventorySection } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { isStep, type Plan, type VerdictFor } from "../action.ts";
import { applyLimits } from "../limits.ts";
import { containerTarget, imageTarget } from "../target.ts";
import { judgeBuildCache } from "./build-cache.ts";
import { judgeContainer } from "./containers.ts";
import { estimateFreedBytes } from "./estimate.ts";
import { imageFacts, judgeImage } from "./images.ts";
import { byteLimit, limitsOf } from "./limits.ts";
import { byAge } from "./idle-since.ts";
import { judgeNetworks } from "./networks.ts";
import { underPressure } from "./pressure.ts";
import { judgeVolumes } from "./volumes.ts";
import type { PruneReason } from "./reason.ts";
import type { PruneSpec } from "./spec.ts";

export type PruneVerdict = VerdictFor<PruneReason>;

/** A list that is not whole cannot say what nobody uses. */
const NEEDED: readonly InventorySection[] = ["containers", "images"];

/**
 * A verdict for every image and every container that does not run, and for every network, volume and record of build
 * cache where the rule is about these.
 */
export function planPrune(spec: PruneSpec, world: World, rule = ""): Plan {
  const limits = limitsOf(spec, world, rule);
  const limitBytes = byteLimit(limits);
  const judged = [
    // Containers first: the engine refuses an image, a network or a volume while one of its containers exists.
    ...judgeContainersAndImages(spec, world),
    ...judgeNetworks(spec, world),
    ...judgeVolumes(spec, world),
    ...judgeBuildCache(spec, world),
  ];
  const sized = underPressure(estimateFreedBytes(judged, world.inventory), spec, world);
  const limited = applyLimits<PruneReason>(sized, limits);
  const verdicts = [...limited.filter(isStep), ...limited.filter((verdict) => !isStep(verdict))];
  return { kind: "prune", verdicts, ...(limitBytes === undefined ? {} : { limitBytes }) };
}

function judgeContainersAndImages(spec: PruneSpec, world: World): PruneVerdict[] {
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

  const ended = [...idle].sort(byAge(({ finishedAt, createdAt, id }) => [finishedAt ?? createdAt ?? 0, id]));
  const facts = imageFacts(spec, world);
  // What was never seen counts as used right now.
  const leastUsed = [...images].sort(byAge((image) => [unusedSince(image), image.id]));

  return [
    ...ended.map((container) => judgeContainer(spec, world, container)),
    ...leastUsed.map((image) => judgeImage(spec, world, facts, image)),
  ];
}
