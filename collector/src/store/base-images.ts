/** What images are built on. An image that was ever seen on any host can be recognised under another one's layers. */
import type { Image } from "@shipkeeper/model";
import type { ApiImage } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";
import { sql, type RawBuilder } from "kysely";
import { layerKeys } from "./layer-keys.ts";

/** Images with more layers than any engine accepts are not worth an answer. */
const MOST_LAYERS = 256;

export function baseImages(db: Database) {
  const keep = db.prepare<[string, string]>(/*sql*/ `
    INSERT INTO layer_prefixes (layers_key, prefixes) VALUES (?, ?) ON CONFLICT DO NOTHING`);
  const forgetUnused = db.prepare(/*sql*/ `
    DELETE FROM layer_prefixes WHERE layers_key NOT IN (SELECT layers_key FROM image)`);

  return {
    /** Remembers what an image with these layers may be built on; returns the key of the layers. */
    note(layers: readonly string[]): string {
      const keys = layerKeys(layers.slice(0, MOST_LAYERS));
      const own = keys.pop() ?? "";
      if (keys.length > 0) keep.run(own, JSON.stringify(keys.toReversed()));
      return own;
    },
    forgetUnused: (): number => forgetUnused.run().changes,
  };
}
export type BaseImages = ReturnType<typeof baseImages>;

/**
 * `[name, id]` as JSON of the image with the longest list of layers that is a strict prefix of `image`'s own, null
 * where none was ever seen. Of several with the same layers a tagged one is named.
 */
export const baseByLayers: RawBuilder<string | null> = sql`(
  SELECT (
    SELECT json_array(base.name, base.id) FROM image AS base
    WHERE base.layers_key = prefix.value ORDER BY base.tagged DESC, base.name, base.id LIMIT 1)
  FROM layer_prefixes, json_each(layer_prefixes.prefixes) AS prefix
  WHERE layer_prefixes.layers_key = image.layers_key
    AND EXISTS (SELECT 1 FROM image AS known WHERE known.layers_key = prefix.value)
  ORDER BY prefix.key LIMIT 1)`;

/** What was recognised goes before what the builder wrote, which nobody has checked. */
export function baseOf(byLayers: string | null, image: Pick<Image, "baseName">): ApiImage["base"] {
  if (byLayers !== null) {
    const [name, id] = JSON.parse(byLayers) as [string, string];
    return { name, id, by: "layers" };
  }
  return image.baseName === undefined ? undefined : { name: image.baseName, by: "label" };
}
