/** What was agreed for each dataset of each host, and how that stands. The state at an instant is told by its turns. */
import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { lossAt, stateAt, turnsOf, worstTurns, type Objective, type Severity } from "@shipkeeper/policy";
import type { ApiObjective, ObjectivesQuery, Page } from "@shipkeeper/protocol";
import { sql, type RawBuilder } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";
import type { Json } from "./tables.ts";

/** An objective as it was judged for a host. */
export interface JudgedObjective {
  readonly objective: Objective;
  readonly owner: string | undefined;
  readonly severity?: Severity | undefined;
}

export interface KnownObjective extends JudgedObjective {
  readonly hostId: HostId;
  readonly host: string;
  readonly lastSeenAt: Instant;
  /** When it was first asked for. */
  readonly since: Instant;
}

interface Row {
  host_id: string;
  hostname: string;
  last_seen_at: Instant | null;
  owner: string | null;
  severity: string | null;
  since: Instant;
  body: Json<Objective>;
}

/** One alert looks at so many datasets at most. */
const MOST_ALERTING = 5_000;

export function objectives({ db, read }: StoreDatabase) {
  const ofHost = db.prepare<
    [string],
    Pick<Row, "since" | "owner" | "severity" | "body"> & { rule: string; dataset: string }
  >(/*sql*/ `SELECT rule, dataset, since, owner, severity, body FROM objective WHERE host_id = ?`);
  const put = db.prepare(/*sql*/ `
    INSERT INTO objective (host_id, rule, dataset, owner, severity, since, risk_from, unknown_from, broken_from, alert_from, body)
    VALUES (@hostId, @rule, @dataset, @owner, @severity, @since, @riskFrom, @unknownFrom, @brokenFrom, @alertFrom, @body)
    ON CONFLICT (host_id, rule, dataset) DO UPDATE SET owner = excluded.owner, severity = excluded.severity,
      risk_from = excluded.risk_from, unknown_from = excluded.unknown_from, broken_from = excluded.broken_from,
      alert_from = excluded.alert_from, body = excluded.body`);
  const drop = db.prepare<[string, string, string]>(
    /*sql*/ `DELETE FROM objective WHERE host_id = ? AND rule = ? AND dataset = ?`,
  );
  const alerting = db.prepare<[Instant], Row>(/*sql*/ `
    SELECT objective.host_id, hostname, last_seen_at, objective.owner, severity, since, body
    FROM objective JOIN host ON host.id = objective.host_id
    WHERE alert_from <= ? AND revoked_at IS NULL ORDER BY alert_from LIMIT ${MOST_ALERTING}`);

  return {
    /** Brings a host's objectives to what was judged now; those that are not asked for any more go. */
    settle(hostId: HostId, judged: readonly JudgedObjective[], now: Instant): void {
      const gone = new Map(ofHost.all(hostId).map((row) => [`${row.rule} ${row.dataset}`, row]));
      for (const { objective, owner = null, severity = null } of judged) {
        const { rule, dataset } = objective;
        const known = gone.get(`${rule} ${dataset}`);
        gone.delete(`${rule} ${dataset}`);
        const body = JSON.stringify(objective);
        if (known?.body === body && known.owner === owner && known.severity === severity) continue;
        const since = known?.since ?? now;
        const { rpo, offsiteRpo, rto } = turnsOf(objective, since);
        const ofData = worstTurns([rpo, offsiteRpo]);
        const alertFrom = Math.min(ofData.riskFrom, ofData.brokenFrom);
        const turns = worstTurns([rpo, offsiteRpo, rto]);
        put.run({ hostId, rule, dataset, owner, severity, since, ...turns, alertFrom, body });
      }
      for (const { rule, dataset } of gone.values()) drop.run(hostId, rule, dataset);
    },

    /** Those whose data is nearly as old as may be, or older. */
    alerting: (now: Instant): KnownObjective[] => alerting.all(now).map(toKnown),

    list(request: ObjectivesQuery, now: Instant): Promise<Page<ApiObjective>> {
      const { host, owner, rule, dataset, state } = request;
      const query = read
        .selectFrom("objective")
        .innerJoin("host", "host.id", "objective.host_id")
        .select(["objective.host_id", "host.hostname", "host.last_seen_at"])
        .select(["objective.owner", "objective.severity", "objective.since", "objective.body"])
        .where("host.revoked_at", "is", null)
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(owner !== undefined, (q) => q.where("objective.owner", "=", owner ?? ""))
        .$if(rule !== undefined, (q) => q.where("objective.rule", "=", rule ?? ""))
        .$if(dataset !== undefined, (q) => q.where("objective.dataset", "=", dataset ?? ""))
        .$if(state !== undefined, (q) => q.where(stateNow(now), "=", state ?? "met"));
      const order = {
        by: {
          brokenFrom: sql`objective.broken_from`,
          dataset: sql`objective.dataset`,
          host: sql`host.hostname`,
        },
        key: sql`objective.host_id || char(10) || objective.rule || char(10) || objective.dataset`,
      };
      return readPage(query, request, order, (row) => toApi(toKnown(row), now));
    },
  };
}
export type Objectives = ReturnType<typeof objectives>;

/** The same as `stateAt`. */
function stateNow(now: Instant): RawBuilder<string> {
  return sql<string>`CASE WHEN objective.broken_from <= ${now} THEN 'broken'
    WHEN objective.unknown_from <= ${now} THEN 'unknown' WHEN objective.risk_from <= ${now} THEN 'at-risk' ELSE 'met' END`;
}

function toKnown(row: Row): KnownObjective {
  return {
    hostId: row.host_id as HostId,
    host: row.hostname,
    lastSeenAt: row.last_seen_at ?? 0,
    owner: row.owner ?? undefined,
    severity: (row.severity ?? undefined) as Severity | undefined,
    since: row.since,
    objective: fromJson(row.body),
  };
}

function toApi({ hostId, host, owner, since, objective }: KnownObjective, now: Instant): ApiObjective {
  const { dataset, rule, repositories, rpoMs, rtoMs, vouched, offsite, rto, worstGap, proven, failed } =
    objective;
  const turns = turnsOf(objective, since);
  const stateOf = (one: typeof turns.rpo) => one && stateAt(one, now);
  return {
    host,
    hostId,
    dataset,
    rule,
    owner,
    state: stateAt(worstTurns(Object.values(turns)), now),
    rpoMs,
    rpoActualMs: lossAt(vouched, now),
    rpoState: stateOf(turns.rpo),
    offsiteRpoActualMs: lossAt(offsite?.vouched, now),
    offsiteRpoState: stateOf(turns.offsiteRpo),
    rtoMs,
    rtoActualMs: rto?.ms,
    rtoMeasured: rto?.isMeasured,
    rtoMeasuredAt: rto?.at,
    rtoState: stateOf(turns.rto),
    worstGapMs: worstGap?.gapMs,
    worstGapOverMs: worstGap?.overMs,
    newestAt: objective.newestAt,
    provenAt: vouched?.at,
    restorePoint: vouched?.restorePoint,
    repository: vouched?.repository,
    rung: proven?.level,
    rungAt: proven?.at,
    failed: failed.map(({ level, repository }) => `${level} in ${repository}`),
    repositories: [...repositories],
    bytes: objective.bytes,
    since,
  };
}
