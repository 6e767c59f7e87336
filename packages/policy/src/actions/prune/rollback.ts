import type { Instant } from "@shipkeeper/kit";
import { containerIdentity } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import type { PruneSpec } from "./spec.ts";

type KeepRollback = NonNullable<PruneSpec["images"]>["keepRollback"];

/** A container that is here, and when it last ran an image that it does not run now. */
export interface Rollback {
  readonly container: string;
  readonly lastRanAt: Instant;
}

/**
 * Image id → the container that could be rolled back to it. A container is known by its identity, so that one that was
 * recreated with a newer image still has its past. What nothing runs any more has nothing to be rolled back.
 */
export function rollbackImages(
  { generations, within }: KeepRollback,
  { inventory, ledger, now }: World,
): ReadonlyMap<string, Rollback> {
  const rollbacks = new Map<string, Rollback>();
  if (generations === 0) return rollbacks;

  for (const [identity, containers] of Map.groupBy(inventory.containers, containerIdentity)) {
    const present = new Set(containers.map(({ imageId }) => imageId));
    const past = (ledger.pastImages.get(identity) ?? []).filter(({ imageId }) => !present.has(imageId));
    for (const [rank, { imageId, lastRanAt }] of past.entries()) {
      const isKept = rank < generations || now - lastRanAt <= within;
      if (isKept) rollbacks.set(imageId, { container: containers[0]?.name ?? identity, lastRanAt });
    }
  }
  return rollbacks;
}
