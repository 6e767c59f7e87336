import type { Volume } from "@shipkeeper/model";
import type { ApiVolume, Page, VolumesQuery } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { whereSeen, type HostList, type ListedTable, type Listings } from "./listings.ts";
import type { OwnerOf } from "./owners.ts";
import { containing, hostIs, readPage } from "./page.ts";

export function volumes({ db, read }: StoreDatabase, listings: Listings) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO volume (host_id, id, seen_at, owner, size_bytes, users, body)
    VALUES (@hostId, @id, @takenAt, @owner, @sizeBytes, @users, @body)
    ON CONFLICT (host_id, id) DO UPDATE SET
      seen_at = excluded.seen_at, owner = excluded.owner, size_bytes = excluded.size_bytes, users = excluded.users,
      body = excluded.body
    WHERE excluded.seen_at > seen_at`);
  const removeNotSeenSince = db.prepare<[string, number]>(
    /*sql*/ `DELETE FROM volume WHERE host_id = ? AND seen_at < ?`,
  );

  return {
    /** Takes a host's list of volumes; see `listings`. */
    merge(list: HostList<Volume>, ownerOf: OwnerOf): void {
      const table: ListedTable<Volume> = {
        put(volume, { hostId, takenAt }) {
          const owner = ownerOf({ labels: volume.labels, names: [volume.name] }) ?? null;
          const sizeBytes = volume.sizeBytes ?? null;
          const body = JSON.stringify(volume);
          put.run({ hostId, id: volume.name, takenAt, owner, sizeBytes, users: volume.users.length, body });
        },
        removeNotSeenSince: (hostId, wholeAt) => removeNotSeenSince.run(hostId, wholeAt),
      };
      listings.merge(list, table);
    },

    list(request: VolumesQuery): Promise<Page<ApiVolume>> {
      const { host, owner, unowned, used, backedUp, stale, search } = request;
      const isStale = sql<number>`volume.seen_at < listing.seen_at`;
      const lastRestorePointAt = sql<number | null>`(
        SELECT max(restore_point.at) FROM restore_point
        WHERE restore_point.host_id = volume.host_id AND restore_point.dataset IN ('volume:' || volume.id, 'dump:' || volume.id))`;
      const query = read
        .selectFrom("volume")
        .innerJoin("host", "host.id", "volume.host_id")
        .innerJoin("listing", (join) =>
          join.onRef("listing.host_id", "=", "volume.host_id").on("listing.section", "=", "volumes"),
        )
        .select(["volume.host_id", "host.hostname", "volume.seen_at", "volume.owner", "volume.body"])
        .select([isStale.as("stale"), lastRestorePointAt.as("last_restore_point_at")])
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(owner !== undefined, (q) => q.where("volume.owner", "=", owner ?? ""))
        .$if(unowned !== undefined, (q) => q.where("volume.owner", unowned === true ? "is" : "is not", null))
        .$if(used !== undefined, (q) => q.where("volume.users", used === true ? ">" : "=", 0))
        .$if(backedUp !== undefined, (q) =>
          q.where(lastRestorePointAt, backedUp === true ? "is not" : "is", null),
        )
        .$if(stale !== undefined, (q) => q.where(isStale, "=", stale === true ? 1 : 0))
        .$if(search !== undefined, (q) =>
          q.where(sql<boolean>`volume.id LIKE ${containing(search ?? "")} ESCAPE '\\'`),
        );
      const order = {
        by: {
          name: sql`volume.id`,
          sizeBytes: sql`ifnull(volume.size_bytes, -1)`,
          host: sql`host.hostname`,
        },
        key: sql`volume.host_id || volume.id`,
      };
      return readPage(query, request, order, (row) => ({
        ...fromJson(row.body),
        ...whereSeen(row),
        lastRestorePointAt: row.last_restore_point_at ?? undefined,
      }));
    },
  };
}
