/** What should not be so on the hosts: found, waived, resolved, and found again. */
import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { SEVERITIES, explainFinding, type Finding } from "@shipkeeper/policy";
import type { ApiFinding, FindingsQuery, Page } from "@shipkeeper/protocol";
import { sql, type RawBuilder } from "kysely";
import { fromJson, fromJsonOr, type StoreDatabase } from "./database.ts";
import { containing, hostIs, readPage } from "./page.ts";
import type { Tables } from "./tables.ts";

/** A finding that stays as it is is not written anew with every judgement: its last sight is told this precisely. */
const SEEN_NOTED_EVERY_MS = 10 * MINUTE_MS;

type Waived = NonNullable<Finding["waived"]>;
type FindingRow = Tables["finding"];

/** Findings that are alike but for the thing that they are about. */
export interface FindingGroup {
  readonly check: string;
  readonly severity: Finding["severity"];
  readonly owner: string | undefined;
  readonly isWaived: boolean;
  readonly count: number;
  readonly example: { readonly hostId: string; readonly name: string; readonly says: string };
}

export function findings({ db, read }: StoreDatabase) {
  const openOf = db.prepare<[string], FindingRow>(
    /*sql*/ `SELECT * FROM finding WHERE host_id = ? AND resolved_at IS NULL`,
  );
  const put = db.prepare(/*sql*/ `
    INSERT INTO finding (host_id, code, subject_type, subject_id, subject_name, owner, severity, policy, evidence,
      first_seen_at, last_seen_at, waived_until, waiver)
    VALUES (@hostId, @code, @type, @id, @name, @owner, @severity, @policy, @evidence, @now, @now, @until, @waiver)
    ON CONFLICT (host_id, code, subject_type, subject_id) DO UPDATE SET
      subject_name = excluded.subject_name, owner = excluded.owner, severity = excluded.severity,
      policy = excluded.policy, evidence = excluded.evidence, last_seen_at = excluded.last_seen_at,
      waived_until = excluded.waived_until, waiver = excluded.waiver, resolved_at = NULL,
      first_seen_at = CASE WHEN resolved_at IS NULL THEN first_seen_at ELSE excluded.first_seen_at END`);
  const resolve = db.prepare<
    [{ hostId: string; code: string; type: string; id: string; now: Instant }]
  >(/*sql*/ `
    UPDATE finding SET resolved_at = @now
    WHERE host_id = @hostId AND code = @code AND subject_type = @type AND subject_id = @id`);

  return {
    /** Brings a host's findings to what was found now; those of checks that were not made stay as they are. */
    settle(
      hostId: HostId,
      { found, skipped }: { found: readonly Finding[]; skipped: ReadonlySet<string> },
      now: Instant,
    ): void {
      const gone = new Map(openOf.all(hostId).map((row) => [keyOf(row), row]));
      for (const finding of found) {
        const { check: code, subject, severity, policy, evidence, waived } = finding;
        const { type, id, name, owner = null } = subject;
        const key = keyOf({ code, subject_type: type, subject_id: id });
        const known = gone.get(key);
        gone.delete(key);
        if (known !== undefined && isSame(known, finding) && now - known.last_seen_at < SEEN_NOTED_EVERY_MS)
          continue;
        put.run({
          hostId,
          code,
          type,
          id,
          name,
          owner,
          severity,
          policy,
          now,
          evidence: JSON.stringify(evidence),
          until: waived?.until ?? null,
          waiver: waived === undefined ? null : JSON.stringify(waived),
        });
      }
      for (const { code, subject_type: type, subject_id: id } of gone.values()) {
        if (!skipped.has(code)) resolve.run({ hostId, code, type, id, now });
      }
    },

    list(request: FindingsQuery, now: Instant): Promise<Page<ApiFinding>> {
      const { host, owner, unowned, check, severity, state, subject, search } = request;
      const stateNow = stateAt(now);
      const query = read
        .selectFrom("finding")
        .innerJoin("host", "host.id", "finding.host_id")
        .selectAll("finding")
        .select(["host.hostname", stateNow.as("state")])
        .where("host.revoked_at", "is", null)
        .$if(state !== "all", (q) => q.where(stateNow, "=", state as ApiFinding["state"]))
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(owner !== undefined, (q) => q.where("finding.owner", "=", owner ?? ""))
        .$if(unowned !== undefined, (q) => q.where("finding.owner", unowned === true ? "is" : "is not", null))
        .$if(check !== undefined, (q) => q.where("finding.code", "=", check ?? ""))
        .$if(severity !== undefined, (q) => q.where("finding.severity", "=", severity ?? ""))
        .$if(subject !== undefined, (q) => q.where("finding.subject_type", "=", subject ?? ""))
        .$if(search !== undefined, (q) =>
          q.where(sql<boolean>`finding.subject_name LIKE ${containing(search ?? "")} ESCAPE '\\'`),
        );
      const order = {
        by: {
          severity: severityRank,
          firstSeenAt: sql`finding.first_seen_at`,
          check: sql`finding.code`,
          subject: sql`finding.subject_name`,
          host: sql`host.hostname`,
        },
        key: sql`finding.host_id || finding.code || finding.subject_type || finding.subject_id`,
      };
      return readPage(query, request, order, toFinding);
    },

    /** How many there are of each check, owner and state, each with the one of them that is there longest. */
    async groups(now: Instant): Promise<FindingGroup[]> {
      // Beside a minimum SQLite takes the other columns from the row that has it.
      const rows = await read
        .selectFrom("finding")
        .innerJoin("host", "host.id", "finding.host_id")
        .selectAll("finding")
        .select([
          stateAt(now).as("state"),
          sql<number>`count(*)`.as("count"),
          sql<number>`min(finding.first_seen_at)`.as("longest"),
        ])
        .where("host.revoked_at", "is", null)
        .where("finding.resolved_at", "is", null)
        .groupBy(["finding.code", "finding.severity", "finding.owner", "state"])
        .execute();
      return rows.map(({ count, ...row }) => ({
        check: row.code,
        severity: row.severity as Finding["severity"],
        owner: row.owner ?? undefined,
        isWaived: row.state === "waived",
        count,
        example: {
          hostId: row.host_id,
          name: row.subject_name,
          says: explainFinding({ check: row.code, evidence: fromJson(row.evidence) }),
        },
      }));
    },

    /** The checks that an image of a host fails, waived ones left out. */
    async ofImages(now: Instant): Promise<{ hostId: string; imageId: string; checks: string[] }[]> {
      const rows = await read
        .selectFrom("finding")
        .select(["host_id", "subject_id", sql<string>`group_concat(code, ' ' ORDER BY code)`.as("codes")])
        .where("subject_type", "=", "image")
        .where(stateAt(now), "=", "open")
        .groupBy(["host_id", "subject_id"])
        .execute();
      return rows.map((row) => ({
        hostId: row.host_id,
        imageId: row.subject_id,
        checks: row.codes.split(" "),
      }));
    },

    /** How many findings of a policy's check each waiver waives now. */
    async countWaived(
      now: Instant,
    ): Promise<{ policy: string; check: string; waiver: Waived; count: number }[]> {
      const rows = await read
        .selectFrom("finding")
        .innerJoin("host", "host.id", "finding.host_id")
        .select(["finding.policy", "finding.code", "finding.waiver", sql<number>`count(*)`.as("count")])
        .where("host.revoked_at", "is", null)
        .where(stateAt(now), "=", "waived")
        .groupBy(["finding.policy", "finding.code", "finding.waiver"])
        .execute();
      return rows.flatMap(({ policy, code, waiver, count }) =>
        waiver === null ? [] : [{ policy, check: code, waiver: fromJson(waiver), count }],
      );
    },

    /** How many are open now, by severity, waived ones apart. */
    countOpen: (now: Instant): Promise<{ severity: string; state: ApiFinding["state"]; count: number }[]> =>
      read
        .selectFrom("finding")
        .innerJoin("host", "host.id", "finding.host_id")
        .select(["finding.severity", stateAt(now).as("state"), sql<number>`count(*)`.as("count")])
        .where("host.revoked_at", "is", null)
        .where("finding.resolved_at", "is", null)
        .groupBy(["finding.severity", "state"])
        .execute(),
  };
}
export type Findings = ReturnType<typeof findings>;

function keyOf(row: Pick<FindingRow, "code" | "subject_type" | "subject_id">): string {
  return `${row.code} ${row.subject_type} ${row.subject_id}`;
}

/** Apart from its evidence, which grows older by itself. */
function isSame(row: FindingRow, { subject, severity, policy, waived }: Finding): boolean {
  return (
    row.subject_name === subject.name &&
    row.owner === (subject.owner ?? null) &&
    row.severity === severity &&
    row.policy === policy &&
    row.waived_until === (waived?.until ?? null)
  );
}

/** A waiver that ended between two judgements waives nothing any more. */
function stateAt(now: Instant): RawBuilder<ApiFinding["state"]> {
  return sql<ApiFinding["state"]>`CASE
    WHEN finding.resolved_at IS NOT NULL THEN 'resolved'
    WHEN finding.waived_until > ${now} THEN 'waived'
    ELSE 'open' END`;
}

/** The worst is the largest. */
const severityRank = sql`CASE finding.severity ${sql.join(
  SEVERITIES.map((severity, place) => sql`WHEN ${severity} THEN ${SEVERITIES.length - place}`),
  sql` `,
)} ELSE 0 END`;

function toFinding(row: FindingRow & { hostname: string; state: ApiFinding["state"] }): ApiFinding {
  const evidence = fromJson(row.evidence);
  return {
    hostId: row.host_id,
    host: row.hostname,
    check: row.code,
    severity: row.severity as ApiFinding["severity"],
    subject: row.subject_type,
    subjectId: row.subject_id,
    name: row.subject_name,
    owner: row.owner ?? undefined,
    says: explainFinding({ check: row.code, evidence }),
    evidence,
    policy: row.policy,
    state: row.state,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    resolvedAt: row.resolved_at ?? undefined,
    waived: fromJsonOr(row.waiver, undefined),
  };
}
