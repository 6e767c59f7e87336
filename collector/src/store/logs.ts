/** What watching their logs tells of containers: how each is now, and what it came to hour by hour. */
import type { HostId } from "@shipkeeper/model";
import type { LogHour, WatchedLog } from "@shipkeeper/policy";
import type { ApiLog, ApiLogHour, EntryOf, LogHoursQuery, LogsQuery, Page } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { whereSeen, type Listings } from "./listings.ts";
import { hostIs, readPage } from "./page.ts";
import type { Json } from "./tables.ts";

export const LOGS_SECTION = "logs";

export function logs({ db, read }: StoreDatabase, listings: Listings) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO watched_log (host_id, container_id, seen_at, bytes_per_minute, bursts, body)
    VALUES (@hostId, @containerId, @at, @bytesPerMinute, @bursts, @body)
    ON CONFLICT (host_id, container_id) DO UPDATE SET seen_at = excluded.seen_at,
      bytes_per_minute = excluded.bytes_per_minute, bursts = excluded.bursts, body = excluded.body
    WHERE excluded.seen_at > seen_at`);
  const removeNotSeenSince = db.prepare<[string, number]>(
    /*sql*/ `DELETE FROM watched_log WHERE host_id = ? AND seen_at < ?`,
  );
  // An hour's counts only grow while they are counted from the same beginning: the larger are the later.
  const putHour = db.prepare(/*sql*/ `
    INSERT INTO log_hour (host_id, container_id, hour, watched_since, name, bytes, matches)
    VALUES (@hostId, @containerId, @at, @watchedSince, @name, @bytes, @matches)
    ON CONFLICT (host_id, container_id, hour, watched_since) DO UPDATE SET
      name = excluded.name, bytes = excluded.bytes, matches = excluded.matches
    WHERE excluded.bytes > bytes`);
  const watchedOf = db.prepare<[string], { body: Json<WatchedLog> }>(
    /*sql*/ `SELECT body FROM watched_log WHERE host_id = ?`,
  );
  const wasTold = db.prepare<[string, string]>(
    /*sql*/ `SELECT 1 FROM listing WHERE host_id = ? AND section = ?`,
  );

  return {
    /** Takes what a host's logs did lately: all of it, so what is not in it is quiet. */
    merge(hostId: HostId, { at, from: watchedSince, containers }: EntryOf<"log-watch">): void {
      listings.merge<WatchedLog>(
        { hostId, section: LOGS_SECTION, takenAt: at, whole: true, rows: containers },
        {
          put(watched) {
            const { containerId, bytesPerMinute, burst } = watched;
            const body = JSON.stringify(watched);
            const bursts = burst === undefined ? 0 : 1;
            put.run({ hostId, containerId, at, bytesPerMinute, bursts, body });
          },
          removeNotSeenSince: (_, wholeAt) => removeNotSeenSince.run(hostId, wholeAt),
        },
      );
      for (const { containerId, name, hours } of containers) {
        for (const { at: hour, bytes, matches } of hours) {
          const counts = { bytes, matches: JSON.stringify(matches) };
          putHour.run({ hostId, containerId, at: hour, watchedSince, name, ...counts });
        }
      }
    },

    /** The latest word on each log of a host; undefined where its agent never told any. */
    ofHost(hostId: HostId): ReadonlyMap<string, WatchedLog> | undefined {
      if (wasTold.get(hostId, LOGS_SECTION) === undefined) return undefined;
      const watched = watchedOf.all(hostId).map(({ body }) => fromJson(body));
      return new Map(watched.map((log) => [log.containerId, log]));
    },

    /** Every container, also one whose log is quiet. */
    list(request: LogsQuery): Promise<Page<ApiLog>> {
      const { host, owner, burst, container } = request;
      const rate = sql<number>`ifnull(watched_log.bytes_per_minute, 0)`;
      const query = read
        .selectFrom("container")
        .innerJoin("host", "host.id", "container.host_id")
        .innerJoin("listing", (join) =>
          join.onRef("listing.host_id", "=", "container.host_id").on("listing.section", "=", "containers"),
        )
        .leftJoin("listing as told", (join) =>
          join.onRef("told.host_id", "=", "container.host_id").on("told.section", "=", LOGS_SECTION),
        )
        .leftJoin("watched_log", (join) =>
          join
            .onRef("watched_log.host_id", "=", "container.host_id")
            .onRef("watched_log.container_id", "=", "container.id"),
        )
        .select([
          "container.host_id",
          "host.hostname",
          "container.seen_at",
          "container.owner",
          "container.body",
        ])
        .select(["watched_log.body as watched", "told.seen_at as told_at"])
        .select(sql<number>`container.seen_at < listing.seen_at`.as("stale"))
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(owner !== undefined, (q) => q.where("container.owner", "=", owner ?? ""))
        .$if(container !== undefined, (q) => q.where("container.name", "=", container ?? ""))
        .$if(burst !== undefined, (q) =>
          q.where(sql<boolean>`ifnull(watched_log.bursts, 0) = ${burst === true ? 1 : 0}`),
        );
      const order = {
        by: { bytesPerMinute: rate, name: sql`container.name`, host: sql`host.hostname` },
        key: sql`container.host_id || container.id`,
      };
      return readPage(query, request, order, (row) => {
        const { id, name, state, logDriver, logRotation, logBytes } = fromJson(row.body);
        const { hours: _, containerId: __, ...told } = row.watched === null ? QUIET : fromJson(row.watched);
        return {
          ...whereSeen(row),
          containerId: id,
          name,
          state,
          logDriver,
          logRotation,
          logBytes,
          ...(row.told_at === null ? {} : { ...told, name, watchedAt: row.told_at }),
        };
      });
    },

    hours(request: LogHoursQuery): Promise<Page<ApiLogHour>> {
      const { host, container, from, to } = request;
      const query = read
        .selectFrom("log_hour")
        .innerJoin("host", "host.id", "log_hour.host_id")
        .groupBy(["log_hour.host_id", "log_hour.container_id", "log_hour.hour"])
        .select(["log_hour.host_id", "host.hostname", "log_hour.container_id", "log_hour.hour"])
        .select([
          sql<string>`max(log_hour.name)`.as("name"),
          sql<number>`sum(log_hour.bytes)`.as("bytes"),
          sql<Json<LogHour["matches"][]>>`json_group_array(json(log_hour.matches))`.as("matches"),
        ])
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(container !== undefined, (q) =>
          q.where(
            sql<boolean>`(log_hour.name = ${container ?? ""} OR log_hour.container_id = ${container ?? ""})`,
          ),
        )
        .$if(from !== undefined, (q) => q.where("log_hour.hour", ">=", from ?? 0))
        .$if(to !== undefined, (q) => q.where("log_hour.hour", "<=", to ?? 0));
      const order = {
        by: { at: sql`log_hour.hour` },
        key: sql`log_hour.host_id || log_hour.container_id`,
      };
      return readPage(query, request, order, (row) => ({
        hostId: row.host_id,
        host: row.hostname,
        containerId: row.container_id,
        name: row.name,
        at: row.hour,
        bytes: row.bytes,
        matches: sumOf(fromJson(row.matches)),
      }));
    },
  };
}
export type Logs = ReturnType<typeof logs>;

const QUIET = {
  hours: [],
  containerId: "",
  bytesPerMinute: 0,
  peakBytesPerMinute: 0,
  matches: {},
  notScannedBytes: 0,
  lateMinutes: 0,
};

function sumOf(parts: readonly LogHour["matches"][]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [pattern, count] of parts.flatMap((part) => Object.entries(part))) {
    sums.set(pattern, (sums.get(pattern) ?? 0) + count);
  }
  return Object.fromEntries(sums);
}
