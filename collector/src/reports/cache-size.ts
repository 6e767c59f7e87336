/** What images take on disk. The engine tells sizes with shared layers in them, so adding sizes tells far too much. */
import type { ApiImage } from "@shipkeeper/protocol";

/** What would come free with this one image. All of it where the engine did not say what is shared. */
export function ownBytes({
  sizeBytes,
  sharedBytes = 0,
}: Pick<ApiImage, "sizeBytes" | "sharedBytes">): number {
  return Math.max(0, sizeBytes - sharedBytes);
}

/**
 * All images of one host: each one's own layers, and for each family that grew out of one base the most that any of
 * its members shares. Layers shared across families count twice, those of side branches not at all.
 */
export function cacheBytes(
  images: readonly Pick<ApiImage, "id" | "base" | "sizeBytes" | "sharedBytes">[],
): number {
  const baseOf = new Map<string, string | undefined>(images.map(({ id, base }) => [id, base?.id]));
  const families = Map.groupBy(images, ({ id }) => rootOf(id, baseOf));
  const shared = [...families.values()].map((members) =>
    Math.max(...members.map(({ sharedBytes = 0 }) => sharedBytes)),
  );
  return [...images.map(ownBytes), ...shared].reduce((sum, bytes) => sum + bytes, 0);
}

/** Deeper than any chain of images that somebody built on purpose. */
const MOST_GENERATIONS = 50;

function rootOf(id: string, baseOf: ReadonlyMap<string, string | undefined>): string {
  let root = id;
  for (let generation = 0; generation < MOST_GENERATIONS; generation += 1) {
    const base = baseOf.get(root);
    if (base === undefined) return root;
    root = base;
  }
  return root;
}
