import type { Image, Inventory } from "@shipkeeper/model";
import { isStep, type Target } from "../action.ts";
import type { PruneVerdict } from "./plan.ts";

/**
 * Adds to every verdict what removing would free. A layer is counted for the last image that has it, so the steps'
 * estimates can be added up; those of kept things say what each would free by itself.
 */
export function estimateFreedBytes(verdicts: readonly PruneVerdict[], inventory: Inventory): PruneVerdict[] {
  const freeing = freeingOf(inventory);
  return verdicts.map((verdict) => ({
    ...verdict,
    bytes: isStep(verdict) ? freeing.free(verdict.target) : freeing.bytesOf(verdict.target),
  }));
}

/** What each thing of the host would free, while others go before it. */
export function freeingOf({ images, containers, volumes, buildCache }: Inventory) {
  const imageById = new Map<string, Image>(images.map((image) => [image.id, image]));
  const sizeOf = new Map<string, number>([
    ...containers.map(({ id, writableBytes = 0, logBytes = 0 }) => [id, writableBytes + logBytes] as const),
    ...volumes.map(({ name, sizeBytes = 0 }) => [name, sizeBytes] as const),
    ...buildCache.map(({ id, sizeBytes, shared }) => [id, shared ? 0 : sizeBytes] as const),
  ]);
  const sizeOfStack = new Map(images.map(({ layers, sizeBytes }) => [stackOf(layers), sizeBytes]));
  const holders = new Map<string, number>();
  for (const layer of images.flatMap(({ layers }) => [...new Set(layers)])) {
    holders.set(layer, (holders.get(layer) ?? 0) + 1);
  }

  function bytesOf({ id }: Pick<Target, "id">): number {
    const image = imageById.get(id);
    if (image === undefined) return sizeOf.get(id) ?? 0;
    const held = image.layers.filter((layer) => (holders.get(layer) ?? 0) > 1);
    return exclusiveBytes(image, held, sizeOfStack);
  }

  return {
    bytesOf,
    /** The same, and from then on the thing is gone. */
    free(target: Pick<Target, "id">): number {
      const bytes = bytesOf(target);
      const layers = new Set(imageById.get(target.id)?.layers);
      for (const layer of layers) holders.set(layer, (holders.get(layer) ?? 1) - 1);
      return bytes;
    },
  };
}

/**
 * What only this image holds. Sizes of single layers are not known, only of whole images: of the one that is nothing but
 * the layers that others hold, too, and after a measurement of what is shared with any other.
 */
function exclusiveBytes(
  image: Image,
  held: readonly string[],
  sizeOfStack: ReadonlyMap<string, number>,
): number {
  if (held.length === 0) return image.sizeBytes;
  if (held.length === image.layers.length) return 0;
  return Math.max(0, image.sizeBytes - (sizeOfStack.get(stackOf(held)) ?? image.sharedBytes ?? 0));
}

/** Layers lie on each other in one order: the same ones in the same order are the same bytes. */
function stackOf(layers: readonly string[]): string {
  return layers.join(" ");
}
