import type { HostId } from "@shipkeeper/model";
import type { PointFact } from "@shipkeeper/policy";
import type { ApiRestorePoint, EntryOf, Page, RestorePoint, RestorePointsQuery } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import type { Listings } from "./listings.ts";
import { hostIs, readPage } from "./page.ts";

/** A month of 20 datasets every half hour in two repositories. Of a host with more the oldest are not looked at. */
const MOST_JUDGED = 60_000;

export function restorePoints({ db, read }: StoreDatabase, listings: Listings) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO restore_point (host_id, repository, id, seen_at, dataset, at, bytes, body)
    VALUES (@hostId, @repository, @id, @takenAt, @dataset, @at, @bytes, @body)
    ON CONFLICT (host_id, repository, id) DO UPDATE SET
      seen_at = excluded.seen_at, dataset = excluded.dataset, at = excluded.at, bytes = excluded.bytes, body = excluded.body
    WHERE excluded.seen_at > seen_at`);
  const removeNotSeenSince = db.prepare<[string, string, number]>(
    /*sql*/ `DELETE FROM restore_point WHERE host_id = ? AND repository = ? AND seen_at < ?`,
  );

  const ofHost = db.prepare<[string], PointFact>(/*sql*/ `
    SELECT id, dataset, repository, at, bytes FROM restore_point WHERE host_id = ? ORDER BY at DESC LIMIT ${MOST_JUDGED}`);

  return {
    /** A host's newest in all repositories. */
    of: (hostId: HostId): PointFact[] => ofHost.all(hostId),

    /** All restore points of one repository, as the repository itself lists them: what is not in it is gone. */
    merge(hostId: HostId, { repository, at: takenAt, points }: EntryOf<"restore-points">): void {
      const section = `restore-points:${repository}`;
      listings.merge<RestorePoint>(
        { hostId, section, takenAt, whole: true, rows: points },
        {
          put({ id, dataset, at, bytes, ...rest }) {
            const body = JSON.stringify({ id, dataset, at, bytes, ...rest, repository });
            put.run({ hostId, repository, id, takenAt, dataset, at, bytes, body });
          },
          removeNotSeenSince: (_, wholeAt) => removeNotSeenSince.run(hostId, repository, wholeAt),
        },
      );
    },

    list(request: RestorePointsQuery): Promise<Page<ApiRestorePoint>> {
      const { host, dataset, repository } = request;
      const query = read
        .selectFrom("restore_point")
        .innerJoin("host", "host.id", "restore_point.host_id")
        .select(["restore_point.host_id", "host.hostname", "restore_point.body"])
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(dataset !== undefined, (q) => q.where("restore_point.dataset", "=", dataset ?? ""))
        .$if(repository !== undefined, (q) => q.where("restore_point.repository", "=", repository ?? ""));
      const order = {
        by: {
          at: sql`restore_point.at`,
          dataset: sql`restore_point.dataset`,
          bytes: sql`restore_point.bytes`,
        },
        key: sql`restore_point.host_id || restore_point.repository || char(10) || restore_point.id`,
      };
      return readPage(query, request, order, (row) => ({
        ...fromJson(row.body),
        hostId: row.host_id,
        host: row.hostname,
      }));
    },
  };
}
