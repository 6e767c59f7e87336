import type { Instant } from "@shipkeeper/kit";
import { buildAgeMs, imageName, unusedForMs, type Image } from "@shipkeeper/model";
import type { ApiImage, ImagesQuery, Page } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { baseByLayers, baseOf, type BaseImages } from "./base-images.ts";
import { fromJson, type StoreDatabase } from "./database.ts";
import { whereSeen, type HostList, type ListedTable, type Listings } from "./listings.ts";
import type { OwnerOf } from "./owners.ts";
import { containing, hostIs, readPage } from "./page.ts";

export function images({ db, read }: StoreDatabase, listings: Listings, bases: BaseImages) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO image
      (host_id, id, seen_at, name, tagged, owner, size_bytes, created_at, unused_since, layers_key, body)
    VALUES
      (@hostId, @id, @takenAt, @name, @tagged, @owner, @sizeBytes, @createdAt, @unusedSince, @layersKey, @body)
    ON CONFLICT (host_id, id) DO UPDATE SET
      seen_at = excluded.seen_at, name = excluded.name, tagged = excluded.tagged, owner = excluded.owner,
      size_bytes = excluded.size_bytes, created_at = excluded.created_at, unused_since = excluded.unused_since,
      layers_key = excluded.layers_key, body = excluded.body
    WHERE excluded.seen_at > seen_at`);
  const removeNotSeenSince = db.prepare<[string, number]>(
    /*sql*/ `DELETE FROM image WHERE host_id = ? AND seen_at < ?`,
  );

  return {
    /** Takes a host's list of images; see `listings`. */
    merge(list: HostList<Image>, ownerOf: OwnerOf): void {
      const table: ListedTable<Image> = {
        put(image, { hostId, takenAt }) {
          const unusedMs = unusedForMs(image, takenAt);
          put.run({
            hostId,
            takenAt,
            id: image.id,
            name: imageName(image),
            tagged: image.tags.length > 0 ? 1 : 0,
            owner: ownerOf({ labels: image.labels, names: [...image.tags, ...image.digests] }) ?? null,
            sizeBytes: image.sizeBytes,
            createdAt: image.createdAt ?? null,
            unusedSince: unusedMs === undefined ? null : takenAt - unusedMs,
            layersKey: bases.note(image.layers),
            body: JSON.stringify(image),
          });
        },
        removeNotSeenSince: (hostId, wholeAt) => removeNotSeenSince.run(hostId, wholeAt),
      };
      listings.merge(list, table);
    },

    list(request: ImagesQuery, now: Instant): Promise<Page<ApiImage>> {
      const { host, owner, unowned, used, dangling, stale, search } = request;
      const isStale = sql<number>`image.seen_at < listing.seen_at`;
      const usedBy = sql<number>`(
        SELECT count(*) FROM container WHERE container.host_id = image.host_id AND container.image_id = image.id)`;
      const query = read
        .selectFrom("image")
        .innerJoin("host", "host.id", "image.host_id")
        .innerJoin("listing", (join) =>
          join.onRef("listing.host_id", "=", "image.host_id").on("listing.section", "=", "images"),
        )
        .select([
          "image.host_id",
          "host.hostname",
          "image.seen_at",
          "image.name",
          "image.owner",
          "image.body",
        ])
        .select([isStale.as("stale"), usedBy.as("used_by"), baseByLayers.as("base")])
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(owner !== undefined, (q) => q.where("image.owner", "=", owner ?? ""))
        .$if(unowned !== undefined, (q) => q.where("image.owner", unowned === true ? "is" : "is not", null))
        .$if(used !== undefined, (q) => q.where(usedBy, used === true ? ">" : "=", 0))
        .$if(dangling !== undefined, (q) => q.where("image.tagged", "=", dangling === true ? 0 : 1))
        .$if(stale !== undefined, (q) => q.where(isStale, "=", stale === true ? 1 : 0))
        .$if(search !== undefined, (q) =>
          q.where(sql<boolean>`image.name LIKE ${containing(search ?? "")} ESCAPE '\\'`),
        );
      const order = {
        by: {
          name: sql`image.name`,
          sizeBytes: sql`image.size_bytes`,
          createdAt: sql`ifnull(image.created_at, 0)`,
          unusedSince: sql`ifnull(image.unused_since, 0)`,
          host: sql`host.hostname`,
        },
        key: sql`image.host_id || image.id`,
      };
      return readPage(query, request, order, (row) => {
        const { history: _history, layers: _layers, ...image } = fromJson(row.body);
        const ageMs = buildAgeMs(image, now);
        const unusedMs = unusedForMs(image, now);
        return {
          ...image,
          ...whereSeen(row),
          name: row.name,
          ageMs,
          unusedForMs: row.used_by > 0 ? undefined : unusedMs,
          usedBy: row.used_by,
          base: baseOf(row.base, image),
        };
      });
    },
  };
}
