import type { HostId } from "@shipkeeper/model";
import type { ApiRepository, EntryOf, Page, RepositoriesQuery, RepositoryState } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import type { Listings } from "./listings.ts";
import { hostIs, readPage } from "./page.ts";

export function repositories({ db, read }: StoreDatabase, listings: Listings) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO repository (host_id, name, seen_at, problem, body)
    VALUES (@hostId, @name, @takenAt, @problem, @body)
    ON CONFLICT (host_id, name) DO UPDATE SET
      seen_at = excluded.seen_at, problem = excluded.problem, body = excluded.body
    WHERE excluded.seen_at > seen_at`);
  const removeNotSeenSince = db.prepare<[string, number]>(
    /*sql*/ `DELETE FROM repository WHERE host_id = ? AND seen_at < ?`,
  );
  const selectOf = db.prepare<[string], { body: string }>(/*sql*/ `
    SELECT body FROM repository WHERE host_id = ? ORDER BY name`);
  const selectAll = db.prepare<[], { host_id: string; body: string }>(/*sql*/ `
    SELECT host_id, body FROM repository ORDER BY host_id, name`);

  return {
    /** All repositories of a host: what is not in it is not configured any more. */
    merge(hostId: HostId, { at: takenAt, repositories: rows }: EntryOf<"repositories">): void {
      listings.merge<RepositoryState>(
        { hostId, section: "repositories", takenAt, whole: true, rows },
        {
          put(state) {
            const { name, problem } = state;
            put.run({ hostId, name, takenAt, problem: problem?.code ?? null, body: JSON.stringify(state) });
          },
          removeNotSeenSince: (_, wholeAt) => removeNotSeenSince.run(hostId, wholeAt),
        },
      );
    },

    /** Of one host, by name. */
    of: (hostId: HostId): RepositoryState[] =>
      selectOf.all(hostId).map(({ body }) => JSON.parse(body) as RepositoryState),

    /** Of all hosts. */
    all(): ReadonlyMap<HostId, readonly RepositoryState[]> {
      const byHost = Map.groupBy(selectAll.all(), ({ host_id: hostId }) => hostId as HostId);
      return new Map(
        Array.from(byHost, ([hostId, rows]) => [
          hostId,
          rows.map(({ body }) => JSON.parse(body) as RepositoryState),
        ]),
      );
    },

    list(request: RepositoriesQuery): Promise<Page<ApiRepository>> {
      const { host, repository, problem } = request;
      const hasProblem = sql<number>`repository.problem IS NOT NULL`;
      const query = read
        .selectFrom("repository")
        .innerJoin("host", "host.id", "repository.host_id")
        .select(["repository.host_id", "host.hostname", "repository.body"])
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(repository !== undefined, (q) => q.where("repository.name", "=", repository ?? ""))
        .$if(problem !== undefined, (q) => q.where(hasProblem, "=", Number(problem)));
      const order = {
        by: { name: sql`repository.name`, host: sql`host.hostname` },
        key: sql`repository.host_id || char(10) || repository.name`,
      };
      return readPage(query, request, order, (row) => ({
        ...fromJson(row.body),
        hostId: row.host_id,
        host: row.hostname,
      }));
    },
  };
}
