/** What the fleet knows of an image by whatever name somebody gives it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Image, ImageId } from "@shipkeeper/model";
import { spellingsOf } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";
import { fromJson } from "./database.ts";
import type { Json } from "./tables.ts";

export interface KnownImage {
  readonly image: Image;
  readonly layersKey: string;
  /** Hosts that have it by this name. */
  readonly hosts: number;
}

interface Row {
  id: ImageId;
  layers_key: string;
  body: Json<Image>;
}

/** Read between two turns of the event loop: names stand in no index, but in the body of each image. */
const ROWS_A_TURN = 1_000;
/** A name that stands for more images than that is no name. */
const MOST_IMAGES = 20;
/** More spellings than a reference has. */
const MOST_SPELLINGS = 4;

export function knownImages(db: Database) {
  const marks = Array.from({ length: MOST_SPELLINGS }, (_, place) => `instr(body, @name${place}) > 0`);
  const candidates = db.prepare<[Record<string, string | number>], Row>(/*sql*/ `
    SELECT image.id, layers_key, body
    FROM image JOIN host ON host.id = image.host_id
    WHERE image.rowid BETWEEN @from AND @to AND host.revoked_at IS NULL AND (image.id = @id OR ${marks.join(" OR ")})`);
  const bounds = db.prepare<[], { first: number | null; last: number | null }>(
    /*sql*/ `SELECT min(rowid) AS first, max(rowid) AS last FROM image`,
  );

  return {
    /** By tag, digest, full id or the start of an id. Of a tag with a digest, the digest counts. */
    async find(reference: string): Promise<KnownImage[]> {
      const wanted = readReference(reference);
      const found = new Map<ImageId, KnownImage>();
      const { first, last } = bounds.get() ?? { first: null, last: null };
      if (first === null || last === null) return [];

      for (let from = first; from <= last; from += ROWS_A_TURN) {
        const span = { from, to: from + ROWS_A_TURN - 1 };
        for (const row of candidates.all({ ...span, ...wanted.parameters })) {
          const image = fromJson(row.body);
          if (!wanted.is(image)) continue;
          const before = found.get(row.id);
          if (before === undefined && found.size >= MOST_IMAGES) continue;
          found.set(row.id, { image, layersKey: row.layers_key, hosts: (before?.hosts ?? 0) + 1 });
        }
        await nextTurn();
      }
      return [...found.values()];
    },
  };
}

/** What a reference names, and pieces of text of which one is in the body of every image that it may name. */
function readReference(reference: string): {
  parameters: Record<string, string>;
  is(image: Image): boolean;
} {
  const [, digest] = /@(sha256:[0-9a-f]{64})$/.exec(reference) ?? [];
  const [, id] = /^(?:sha256:)?([0-9a-f]{12,64})$/.exec(reference) ?? [];
  if (digest !== undefined) {
    const isDigest = (image: Image) =>
      image.id === digest || image.digests.some((name) => name.endsWith(`@${digest}`));
    return { parameters: parametersOf([`@${digest}`], digest), is: isDigest };
  }
  const spellings = new Set(spellingsOf(reference));
  const isNamed = (image: Image) =>
    image.tags.some((tag) => spellings.has(tag)) || (id !== undefined && image.id.startsWith(`sha256:${id}`));
  const pieces = [...spellings].map((name) => JSON.stringify(name));
  return { parameters: parametersOf(id === undefined ? pieces : [...pieces, `"sha256:${id}`]), is: isNamed };
}

/** Every place of the statement is filled; what stands in no body fills those that are left. */
function parametersOf(pieces: readonly string[], id = ""): Record<string, string> {
  const places = Array.from({ length: MOST_SPELLINGS }, (_, place) => [
    `name${place}`,
    pieces[place] ?? "\u0000",
  ]);
  return { ...Object.fromEntries(places), id };
}
