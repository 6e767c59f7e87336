import type { Container } from "@shipkeeper/model";
import type { ApiContainer, ContainersQuery, Page } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { whereSeen, type HostList, type ListedTable, type Listings } from "./listings.ts";
import type { OwnerOf } from "./owners.ts";
import { containing, hostIs, readPage } from "./page.ts";

export function containers({ db, read }: StoreDatabase, listings: Listings) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO container (host_id, id, seen_at, name, image_id, owner, state, health, created_at, body)
    VALUES (@hostId, @id, @takenAt, @name, @imageId, @owner, @state, @health, @createdAt, @body)
    ON CONFLICT (host_id, id) DO UPDATE SET
      seen_at = excluded.seen_at, name = excluded.name, image_id = excluded.image_id, owner = excluded.owner,
      state = excluded.state, health = excluded.health, created_at = excluded.created_at, body = excluded.body
    WHERE excluded.seen_at > seen_at`);
  const removeNotSeenSince = db.prepare<[string, number]>(
    /*sql*/ `DELETE FROM container WHERE host_id = ? AND seen_at < ?`,
  );

  return {
    /** Takes a host's list of containers; see `listings`. */
    merge(list: HostList<Container>, ownerOf: OwnerOf): void {
      const table: ListedTable<Container> = {
        put(container, { hostId, takenAt }) {
          const { id, name, imageId, state, health, createdAt = null } = container;
          const owner = ownerOf({ labels: container.labels, names: [name, container.image] }) ?? null;
          const body = JSON.stringify(container);
          put.run({
            hostId,
            id,
            takenAt,
            name,
            imageId,
            owner,
            state,
            health: health.status,
            createdAt,
            body,
          });
        },
        removeNotSeenSince: (hostId, wholeAt) => removeNotSeenSince.run(hostId, wholeAt),
      };
      listings.merge(list, table);
    },

    list(request: ContainersQuery): Promise<Page<ApiContainer>> {
      const { host, owner, unowned, state, health, imageId, stale, search } = request;
      const isStale = sql<number>`container.seen_at < listing.seen_at`;
      const query = read
        .selectFrom("container")
        .innerJoin("host", "host.id", "container.host_id")
        .innerJoin("listing", (join) =>
          join.onRef("listing.host_id", "=", "container.host_id").on("listing.section", "=", "containers"),
        )
        .select([
          "container.host_id",
          "host.hostname",
          "container.seen_at",
          "container.owner",
          "container.body",
        ])
        .select(isStale.as("stale"))
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(owner !== undefined, (q) => q.where("container.owner", "=", owner ?? ""))
        .$if(unowned !== undefined, (q) =>
          q.where("container.owner", unowned === true ? "is" : "is not", null),
        )
        .$if(state !== undefined, (q) => q.where("container.state", "=", state ?? ""))
        .$if(health !== undefined, (q) => q.where("container.health", "=", health ?? ""))
        .$if(imageId !== undefined, (q) => q.where("container.image_id", "=", imageId ?? ""))
        .$if(stale !== undefined, (q) => q.where(isStale, "=", stale === true ? 1 : 0))
        .$if(search !== undefined, (q) =>
          q.where(sql<boolean>`container.name LIKE ${containing(search ?? "")} ESCAPE '\\'`),
        );
      const order = {
        by: {
          name: sql`container.name`,
          createdAt: sql`ifnull(container.created_at, 0)`,
          host: sql`host.hostname`,
        },
        key: sql`container.host_id || container.id`,
      };
      return readPage(query, request, order, (row) => ({
        ...fromJson(row.body),
        ...whereSeen(row),
      }));
    },
  };
}
