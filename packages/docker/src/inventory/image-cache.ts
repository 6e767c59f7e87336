import type { Image, ImageId } from "@shipkeeper/model";
import type { CallOptions, EngineReader, ImageNames } from "../engine.ts";

/**
 * Reads images, each only once, so that a resync costs one list: all but the names is fixed by the id, and
 * `lastTaggedAt`, which is as old as that one reading. Of later tags events tell.
 */
export interface ImageCache {
  /** The images that there are now; what is not among them is forgotten. */
  names(options: CallOptions): Promise<ImageNames[]>;
  /** Undefined where the engine says that it is gone by now. */
  read(names: ImageNames, options: CallOptions): Promise<Image | undefined>;
}

export function imageCache(engine: EngineReader): ImageCache {
  const known = new Map<ImageId, Image>();

  return {
    async names(options) {
      const all = await engine.imageNames(options);
      const present = new Set(all.map(({ id }) => id));
      for (const id of known.keys()) if (!present.has(id)) known.delete(id);
      return all;
    },

    async read({ id, tags, digests }, options) {
      const image = known.get(id) ?? (await engine.image(id, options));
      if (image === undefined) return undefined;
      known.set(id, image);
      return { ...image, tags: [...tags], digests: [...digests] };
    },
  };
}
