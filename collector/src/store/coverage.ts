/** What of each host's data is covered by a backup rule, excluded for a while, or uncovered. */
import type { HostId } from "@shipkeeper/model";
import { explainCoverage, type Covered } from "@shipkeeper/policy";
import type { ApiCoverage, CoverageQuery, Page } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";

/** What is told of one thing beside what it is and whose. */
export type CoverageBody = Pick<ApiCoverage, "users" | "rules" | "repositories" | "until" | "says">;

export interface CoverageCount {
  readonly hostId: HostId;
  readonly owner: string | undefined;
  readonly state: ApiCoverage["state"];
  readonly count: number;
}

export function coverage({ db, read }: StoreDatabase) {
  const ofHost = db.prepare<[string], { dataset: string; state: string; owner: string | null; body: string }>(
    /*sql*/ `SELECT dataset, state, owner, body FROM coverage WHERE host_id = ?`,
  );
  const put = db.prepare(/*sql*/ `
    INSERT INTO coverage (host_id, dataset, state, owner, body) VALUES (@hostId, @dataset, @state, @owner, @body)
    ON CONFLICT (host_id, dataset) DO UPDATE SET
      state = excluded.state, owner = excluded.owner, body = excluded.body`);
  const drop = db.prepare<[string, string]>(/*sql*/ `DELETE FROM coverage WHERE host_id = ? AND dataset = ?`);
  const counts = db.prepare<
    [],
    { host_id: HostId; owner: string | null; state: ApiCoverage["state"]; count: number }
  >(/*sql*/ `
    SELECT host_id, coverage.owner, state, count(*) AS count FROM coverage JOIN host ON host.id = coverage.host_id
    WHERE revoked_at IS NULL GROUP BY host_id, coverage.owner, state`);

  return {
    /** Brings what is known of a host to what was judged now. */
    settle(hostId: HostId, judged: readonly Covered[]): void {
      const gone = new Map(ofHost.all(hostId).map((row) => [row.dataset, row]));
      for (const covered of judged) {
        const { dataset, target, coverage: found } = covered;
        const row = {
          dataset,
          state: found.is,
          owner: target.owner ?? null,
          body: JSON.stringify(bodyOf(covered)),
        };
        const known = gone.get(dataset);
        gone.delete(dataset);
        if (known?.state !== row.state || known.owner !== row.owner || known.body !== row.body)
          put.run({ hostId, ...row });
      }
      for (const dataset of gone.keys()) drop.run(hostId, dataset);
    },

    /** How much of each host and owner is in each state. */
    counts: (): CoverageCount[] =>
      counts
        .all()
        .map(({ host_id: hostId, owner, ...row }) => ({ hostId, owner: owner ?? undefined, ...row })),

    list(request: CoverageQuery): Promise<Page<ApiCoverage>> {
      const { host, owner, dataset, state } = request;
      const query = read
        .selectFrom("coverage")
        .innerJoin("host", "host.id", "coverage.host_id")
        .select(["coverage.host_id", "host.hostname", "coverage.dataset", "coverage.state", "coverage.owner"])
        .select("coverage.body")
        .where("host.revoked_at", "is", null)
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(owner !== undefined, (q) => q.where("coverage.owner", "=", owner ?? ""))
        .$if(dataset !== undefined, (q) => q.where("coverage.dataset", "=", dataset ?? ""))
        .$if(state !== undefined, (q) => q.where("coverage.state", "=", state ?? ""));
      const order = {
        by: { dataset: sql`coverage.dataset`, host: sql`host.hostname` },
        key: sql`coverage.host_id || char(10) || coverage.dataset`,
      };
      return readPage(query, request, order, (row) => ({
        host: row.hostname,
        hostId: row.host_id,
        dataset: row.dataset,
        state: row.state as ApiCoverage["state"],
        owner: row.owner ?? undefined,
        ...fromJson(row.body),
      }));
    },
  };
}
export type CoverageStore = ReturnType<typeof coverage>;

function bodyOf({ users, coverage: found }: Covered): CoverageBody {
  const by = found.is === "covered" ? found.by : [];
  return {
    users: [...users],
    rules: by.map(({ rule }) => rule),
    repositories: [...new Set(by.flatMap(({ repositories }) => repositories))],
    ...(found.is === "excluded" && { until: found.until }),
    says: explainCoverage(found),
  };
}
