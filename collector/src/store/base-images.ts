/** What images are built on. An image that was ever seen on any host can be recognised under another one's layers. */
import type { Image } from "@shipkeeper/model";
import type { BaseImage } from "@shipkeeper/policy";
import type { ApiImage } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";
import { sql, type RawBuilder } from "kysely";
import { fromJson } from "./database.ts";
import { layerKeys } from "./layer-keys.ts";
import type { Json } from "./tables.ts";

/** Images with more layers than any engine accepts are not worth an answer. */
const MOST_LAYERS = 256;
/** Names of images with the same layers that are read. */
const MOST_NAMES = 20;

/** By the key of an image's layers. */
export type BasesUnder = (layersKey: string) => readonly BaseImage[];

export function baseImages(db: Database) {
  const keep = db.prepare<[string, string]>(/*sql*/ `
    INSERT INTO layer_prefixes (layers_key, prefixes) VALUES (?, ?) ON CONFLICT DO NOTHING`);
  const forgetUnused = db.prepare(/*sql*/ `
    DELETE FROM layer_prefixes WHERE layers_key NOT IN (SELECT layers_key FROM image)`);

  const prefixesOf = db
    .prepare<[string], Json<string[]>>(/*sql*/ `SELECT prefixes FROM layer_prefixes WHERE layers_key = ?`)
    .pluck();
  const withLayers = db.prepare<
    [string],
    { tags: string; digests: string; built_at: number | null }
  >(/*sql*/ `
    SELECT json_extract(body, '$.tags') AS tags, json_extract(body, '$.digests') AS digests,
      max(created_at) AS built_at
    FROM image WHERE layers_key = ? GROUP BY name ORDER BY tagged DESC, name LIMIT ${MOST_NAMES}`);

  return {
    /**
     * Tells what images with a key of layers are built on, as far as it was ever seen, the closest first. Answers are
     * remembered: ask anew for a lookup as often as the answers shall be new.
     */
    lookup(): BasesUnder {
      const known = memo((prefix: string): BaseImage | undefined => {
        const images = withLayers.all(prefix);
        if (images.length === 0) return undefined;
        const names = images.flatMap(({ tags, digests }) => [
          ...(JSON.parse(tags) as string[]),
          ...(JSON.parse(digests) as string[]),
        ]);
        const builtAt = images.flatMap(({ built_at: at }) => at ?? []);
        return {
          names: [...new Set(names)],
          createdAt: builtAt.length === 0 ? undefined : Math.max(...builtAt),
        };
      });
      return memo((layersKey) => {
        const prefixes = prefixesOf.get(layersKey);
        return prefixes === undefined ? [] : fromJson(prefixes).flatMap((prefix) => known(prefix) ?? []);
      });
    },

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

const MOST_REMEMBERED = 10_000;

function memo<Value>(find: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined || known.has(key)) return before as Value;
    if (known.size >= MOST_REMEMBERED) known.clear();
    const found = find(key);
    known.set(key, found);
    return found;
  };
}
