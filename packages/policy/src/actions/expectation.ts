/**
 * The few facts that a step relies on, taken when it is planned and again right before it is done. Where they differ,
 * somebody else was faster and the step is skipped.
 */
import type { BuildCacheRecord, Container, Image, Network, Volume } from "@shipkeeper/model";
import * as z from "zod";

export const expectationSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
export type Expectation = z.infer<typeof expectationSchema>;

/** A new tag means that somebody wants the image again. */
export function expectImage(image: Pick<Image, "id" | "tags">): Expectation {
  return { id: image.id, tags: [...image.tags].sort().join(" ") };
}

/** A container that was started or recovered since is another one as far as a step is concerned. */
export function expectContainer(
  container: Pick<Container, "id" | "imageId" | "state" | "health" | "startedAt" | "finishedAt">,
): Expectation {
  const { id, imageId, state, health, startedAt, finishedAt } = container;
  return {
    id,
    imageId,
    state,
    health: health.status,
    startedAt: startedAt ?? 0,
    finishedAt: finishedAt ?? 0,
  };
}

/** The engine's time of creation is left out: a changed mode of the folder resets it. */
export function expectVolume(volume: Pick<Volume, "name" | "driver" | "mountpoint">): Expectation {
  return { name: volume.name, driver: volume.driver, mountpoint: volume.mountpoint };
}

export function expectNetwork(network: Pick<Network, "id" | "name" | "driver">): Expectation {
  return { id: network.id, name: network.name, driver: network.driver };
}

/** A build that used it since wants it again. */
export function expectBuildCache(
  record: Pick<BuildCacheRecord, "id" | "inUse" | "usageCount" | "lastUsedAt">,
): Expectation {
  const { id, inUse, usageCount, lastUsedAt = 0 } = record;
  return { id, inUse, usageCount, lastUsedAt };
}

/** The first expected fact that is no longer so, or undefined while all hold. Facts that nobody expects may differ. */
export function firstChange(expected: Expectation, seen: Expectation): string | undefined {
  return Object.keys(expected).find((fact) => expected[fact] !== seen[fact]);
}
