import type { ContainerId, Gap, Inventory } from "@shipkeeper/model";
import { defined } from "../defined.ts";
import type { EngineSizes } from "../engine.ts";

/** One measurement: the sizes, or why there are none. */
export type SizesReading =
  | { readonly sizes: EngineSizes; readonly logBytes?: ReadonlyMap<ContainerId, number> }
  | { readonly error: string };

/** Only the engine's disk usage lists build cache, so until it was read that section is unknown. */
export const BUILD_CACHE_NOT_READ: Gap = { section: "buildCache", error: "sizes were not measured yet" };

/**
 * The inventory with what was measured apart from it. What came after the measurement keeps no size, and a
 * measurement that failed leaves a gap.
 */
export function mergeSizes(inventory: Inventory, reading: SizesReading): Inventory {
  const gaps = inventory.gaps.filter(({ section }) => section !== "sizes" && section !== "buildCache");
  if ("error" in reading) {
    const { error } = reading;
    return { ...inventory, gaps: [...gaps, { section: "sizes", error }, { section: "buildCache", error }] };
  }

  const { writableBytes, volumeBytes, volumeRefCounts, sharedImageBytes, buildCache } = reading.sizes;
  const { logBytes } = reading;
  return {
    ...inventory,
    containers: inventory.containers.map((container) => ({
      ...container,
      ...defined({ writableBytes: writableBytes.get(container.id), logBytes: logBytes?.get(container.id) }),
    })),
    images: inventory.images.map((image) => ({
      ...image,
      ...defined({ sharedBytes: sharedImageBytes.get(image.id) }),
    })),
    volumes: inventory.volumes.map((volume) => ({
      ...volume,
      ...defined({
        sizeBytes: volumeBytes.get(volume.name),
        refCount: volumeRefCounts.get(volume.name),
      }),
    })),
    buildCache: [...buildCache],
    gaps,
  };
}
