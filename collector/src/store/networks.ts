import type { HostId, Network } from "@shipkeeper/model";
import { fromJson, type StoreDatabase } from "./database.ts";
import type { HostList, ListedTable, Listings } from "./listings.ts";

export function networks({ db, read }: StoreDatabase, listings: Listings) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO network (host_id, id, seen_at, body) VALUES (@hostId, @id, @takenAt, @body)
    ON CONFLICT (host_id, id) DO UPDATE SET seen_at = excluded.seen_at, body = excluded.body
    WHERE excluded.seen_at > seen_at`);
  const removeNotSeenSince = db.prepare<[string, number]>(
    /*sql*/ `DELETE FROM network WHERE host_id = ? AND seen_at < ?`,
  );
  const table: ListedTable<Network> = {
    put: (network, { hostId, takenAt }) =>
      void put.run({ hostId, id: network.id, takenAt, body: JSON.stringify(network) }),
    removeNotSeenSince: (hostId, wholeAt) => void removeNotSeenSince.run(hostId, wholeAt),
  };

  return {
    /** Takes a host's list of networks; see `listings`. */
    merge: (list: HostList<Network>): void => listings.merge(list, table),

    async ofHost(hostId: HostId): Promise<Network[]> {
      const rows = await read.selectFrom("network").select("body").where("host_id", "=", hostId).execute();
      return rows.map((row) => fromJson(row.body)).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}
