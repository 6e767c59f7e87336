/** Conditions that people must know of: open, taken on by somebody, resolved. */
import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { SEVERITIES, type Severity } from "@shipkeeper/policy";
import type { AlertKind, AlertsQuery, ApiAlert, Page } from "@shipkeeper/protocol";
import { sql, type RawBuilder, type Selectable } from "kysely";
import type { StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";
import type { Tables } from "./tables.ts";

export interface Alert {
  readonly id: string;
  /** What makes two conditions the same one. */
  readonly key: string;
  readonly kind: AlertKind;
  readonly severity: Severity;
  readonly hostId?: HostId | undefined;
  readonly owner?: string | undefined;
  readonly subject: string;
  readonly title: string;
  readonly why: string;
  readonly incidentId?: string | undefined;
  readonly openedAt: Instant;
  readonly dueAt: Instant;
  readonly acknowledgedAt?: Instant | undefined;
  readonly acknowledgedBy?: string | undefined;
  readonly note?: string | undefined;
  readonly resolvedAt?: Instant | undefined;
  readonly count: number;
}

/** An alert that somebody shall hear of now, because it is there or because nobody took it on in time. */
export interface AlertToMail extends ApiAlert {
  readonly mail: "opened" | "overdue";
}

type AlertRow = Selectable<Tables["alert"]>;

export function alerts({ db, read }: StoreDatabase) {
  const current = db.prepare<[Instant], AlertRow>(
    /*sql*/ `SELECT * FROM alert WHERE resolved_at IS NULL OR resolved_at > ? ORDER BY opened_at, id`,
  );
  const put = db.prepare(/*sql*/ `
    INSERT INTO alert (id, key, kind, severity, host_id, owner, subject, title, why, incident_id, opened_at, due_at,
      acknowledged_at, acknowledged_by, note, resolved_at, count)
    VALUES (@id, @key, @kind, @severity, @hostId, @owner, @subject, @title, @why, @incidentId, @openedAt, @dueAt,
      @acknowledgedAt, @acknowledgedBy, @note, @resolvedAt, @count)
    ON CONFLICT (id) DO UPDATE SET
      kind = excluded.kind, severity = excluded.severity, owner = excluded.owner, subject = excluded.subject,
      title = excluded.title, why = excluded.why, incident_id = excluded.incident_id, due_at = excluded.due_at,
      acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, note = excluded.note,
      resolved_at = excluded.resolved_at, count = excluded.count,
      mailed_overdue = CASE WHEN due_at = excluded.due_at THEN mailed_overdue ELSE 0 END`);
  const acknowledge = db.prepare(/*sql*/ `
    UPDATE alert SET acknowledged_at = @at, acknowledged_by = @by, note = @note
    WHERE id = @id AND acknowledged_at IS NULL`);
  const countOpen = db.prepare<[], { severity: Severity; count: number }>(/*sql*/ `
    SELECT severity, count(*) AS count FROM alert WHERE resolved_at IS NULL GROUP BY severity`);
  const noteMailed = db.prepare(
    /*sql*/ `UPDATE alert SET mailed_as = severity, mailed_overdue = @overdue WHERE id = @id`,
  );

  const select = () =>
    read
      .selectFrom("alert")
      .leftJoin("host", "host.id", "alert.host_id")
      .selectAll("alert")
      .select("host.hostname");

  return {
    /** The open ones, and those that were resolved after `resolvedAfter`. */
    current: (resolvedAfter: Instant): Alert[] => current.all(resolvedAfter).map(toAlert),

    put(alert: Alert): void {
      put.run({
        ...alert,
        hostId: alert.hostId ?? null,
        owner: alert.owner ?? null,
        incidentId: alert.incidentId ?? null,
        acknowledgedAt: alert.acknowledgedAt ?? null,
        acknowledgedBy: alert.acknowledgedBy ?? null,
        note: alert.note ?? null,
        resolvedAt: alert.resolvedAt ?? null,
      });
    },

    /** The first to take it on counts. */
    acknowledge(id: string, { at, by, note }: { at: Instant; by: string; note?: string | undefined }): void {
      acknowledge.run({ id, at, by, note: note ?? null });
    },

    list(request: AlertsQuery, now: Instant): Promise<Page<ApiAlert>> {
      const { open, severity, owner, host, overdue } = request;
      const query = select()
        .$if(open !== undefined, (q) => q.where("alert.resolved_at", open === true ? "is" : "is not", null))
        .$if(severity !== undefined, (q) => q.where("alert.severity", "=", severity ?? "low"))
        .$if(owner !== undefined, (q) => q.where("alert.owner", "=", owner ?? ""))
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(overdue !== undefined, (q) => q.where(isOverdue(now), "=", overdue === true ? 1 : 0));
      const order = {
        by: { severity: severityRank, openedAt: sql`alert.opened_at`, dueAt: sql`alert.due_at` },
        // Of two that are as severe the older one stands first where the worst does.
        key: sql`(9000000000000000 - alert.opened_at) || alert.id`,
      };
      return readPage(query, request, order, (row) => toApi(row, now));
    },

    async find(id: string, now: Instant): Promise<ApiAlert | undefined> {
      const row = await select().where("alert.id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toApi(row, now);
    },

    /** Those that lasted at some time since, the worst first. */
    async since(since: Instant, now: Instant, most: number): Promise<ApiAlert[]> {
      const rows = await select()
        .where(sql<boolean>`(alert.resolved_at IS NULL OR alert.resolved_at >= ${since})`)
        .orderBy(sql`alert.resolved_at IS NOT NULL`)
        .orderBy(severityRank, "desc")
        .orderBy("alert.opened_at")
        .limit(most)
        .execute();
      return rows.map((row) => toApi(row, now));
    },

    countOpen: (): ReadonlyMap<Severity, number> =>
      new Map(countOpen.all().map(({ severity, count }) => [severity, count])),

    /** Open ones of which no mail says yet that they are there, as severe as they are, or overdue; the worst first. */
    async toMail(now: Instant, most: number): Promise<AlertToMail[]> {
      const rows = await select()
        .where("alert.resolved_at", "is", null)
        .where(
          sql<boolean>`(alert.mailed_as IS NOT alert.severity OR (${isOverdue(now)} AND alert.mailed_overdue = 0))`,
        )
        .orderBy(severityRank, "desc")
        .orderBy("alert.opened_at")
        .limit(most)
        .execute();
      return rows.map((row) => ({
        ...toApi(row, now),
        mail: row.mailed_as === row.severity ? "overdue" : "opened",
      }));
    },

    noteMailed(id: string, { overdue }: Pick<ApiAlert, "overdue">): void {
      noteMailed.run({ id, overdue: overdue ? 1 : 0 });
    },
  };
}
export type Alerts = ReturnType<typeof alerts>;

const severityRank = sql<number>`CASE alert.severity ${sql.join(
  SEVERITIES.map((severity, place) => sql`WHEN ${severity} THEN ${SEVERITIES.length - place}`),
  sql` `,
)} ELSE 0 END`;

function isOverdue(now: Instant): RawBuilder<number> {
  return sql<number>`(alert.resolved_at IS NULL AND alert.acknowledged_at IS NULL AND alert.due_at < ${now})`;
}

function toAlert(row: AlertRow): Alert {
  return {
    id: row.id,
    key: row.key,
    kind: row.kind,
    severity: row.severity,
    hostId: row.host_id ?? undefined,
    owner: row.owner ?? undefined,
    subject: row.subject,
    title: row.title,
    why: row.why,
    incidentId: row.incident_id ?? undefined,
    openedAt: row.opened_at,
    dueAt: row.due_at,
    acknowledgedAt: row.acknowledged_at ?? undefined,
    acknowledgedBy: row.acknowledged_by ?? undefined,
    note: row.note ?? undefined,
    resolvedAt: row.resolved_at ?? undefined,
    count: row.count,
  };
}

function toApi(row: AlertRow & { hostname: string | null }, now: Instant): ApiAlert {
  const { key: _, ...alert } = toAlert(row);
  const { resolvedAt, acknowledgedAt, dueAt } = alert;
  const overdue = resolvedAt === undefined && acknowledgedAt === undefined && dueAt < now;
  return { ...alert, host: row.hostname ?? undefined, overdue };
}
