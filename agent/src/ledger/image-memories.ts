import type { Instant } from "@shipkeeper/kit";
import { isComplete, type ImageId, type ImageMemory, type Inventory } from "@shipkeeper/model";
import type { Database } from "@shipkeeper/runtime";

interface Row {
  id: ImageId;
  tags: string;
  first_seen_at: Instant;
  last_used_at: Instant | null;
  last_tagged_at: Instant | null;
}

/** What the engine cannot tell of an image: since when it is here, when a container last needed it, when it was last tagged. */
export function imageMemories(db: Database) {
  const select = db.prepare<[], Row>(/*sql*/ `SELECT * FROM image`);
  const see = db.prepare(/*sql*/ `
    INSERT INTO image (id, tags, first_seen_at) VALUES (@id, @tags, @at)
    ON CONFLICT (id) DO UPDATE SET tags = @tags`);
  const tag = db.prepare(/*sql*/ `
    UPDATE image SET last_tagged_at = @at WHERE id = @id AND coalesce(last_tagged_at, 0) < @at`);
  const use = db.prepare(/*sql*/ `
    UPDATE image SET last_used_at = max(coalesce(last_used_at, 0), @at) WHERE id = @id`);
  const forget = db.prepare(/*sql*/ `DELETE FROM image WHERE id = ?`);

  return {
    remember(inventory: Inventory): void {
      const { takenAt: at, images, containers } = inventory;
      const known = new Map(select.all().map((row) => [row.id, row.tags]));
      for (const { id, tags, lastTaggedAt } of images) {
        const before = known.get(id);
        const now = JSON.stringify([...tags].sort());
        if (before !== now) see.run({ id, tags: now, at });
        if (hasNewTag(before, tags)) tag.run({ id, at });
        // A clock that once was ahead must not keep an image for ever.
        if (lastTaggedAt !== undefined && lastTaggedAt <= at) tag.run({ id, at: lastTaggedAt });
      }
      // A container in whatever state needs its image. Where containers are missing from the list, nothing is unlearnt.
      for (const id of new Set(containers.map(({ imageId }) => imageId))) use.run({ id, at });
      // What was removed and comes again is new: it must not be as old as its first life.
      if (!isComplete(inventory, "images")) return;
      const present = new Set<string>(images.map(({ id }) => id));
      for (const id of known.keys()) if (!present.has(id)) forget.run(id);
    },

    rememberUse(id: ImageId, at: Instant): void {
      use.run({ id, at });
    },

    rememberTag(id: ImageId, at: Instant): void {
      tag.run({ id, at });
    },

    all(): ReadonlyMap<string, ImageMemory> {
      return new Map(
        select.all().map((row) => [
          row.id,
          {
            firstSeenAt: row.first_seen_at,
            ...(row.last_used_at !== null && { lastUsedAt: row.last_used_at }),
            ...(row.last_tagged_at !== null && { lastTaggedAt: row.last_tagged_at }),
          },
        ]),
      );
    },
  };
}

/** On the first sight of an image its tags may be years old: nothing was tagged before our eyes. */
function hasNewTag(before: string | undefined, tags: readonly string[]): boolean {
  if (before === undefined) return false;
  const old = JSON.parse(before) as string[];
  return tags.some((tag) => !old.includes(tag));
}
