/** When hosts were judged, how their things did, and the scores that follow, day by day. */
import { isDeepStrictEqual } from "node:util";
import { DAY_MS, MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { scoreOf, type HostJudgement, type Tally } from "@shipkeeper/policy";
import { SILENT_AFTER_MS, type ApiScore, type ScoreScope } from "@shipkeeper/protocol";
import { fromJson, type StoreDatabase } from "./database.ts";
import type { Json, Tables } from "./tables.ts";

type SkippedCheck = HostJudgement["skipped"][number];

/** A host is judged anew after this long even if nothing changed: things grow older, and waivers end. */
const JUDGED_EVERY_MS = 10 * MINUTE_MS;

type TallyRow = Omit<Tally, "owner"> & { owner: string };

interface SumRow {
  severity: Tally["severity"];
  checked: number;
  passed: number;
}

export function judgements({ db }: StoreDatabase) {
  // Whatever is told anew changes the sum of when the lists were. A silent host is not judged: what it told last may not be so any more.
  const due = db.prepare<
    [{ revision: number; seenSince: Instant; judgedBefore: Instant }],
    { host_id: HostId; heard_at: Instant; known: number | null }
  >(/*sql*/ `
    SELECT host.id AS host_id, heard.at AS heard_at, judgement.revision AS known
    FROM host
    JOIN (SELECT host_id, sum(seen_at) AS at FROM listing GROUP BY host_id) AS heard ON heard.host_id = host.id
    LEFT JOIN judgement ON judgement.host_id = host.id
    WHERE host.revoked_at IS NULL AND host.inventory_at IS NOT NULL AND host.last_seen_at >= @seenSince
      AND (judgement.host_id IS NULL OR judgement.revision <> @revision OR judgement.heard_at <> heard.at
        OR judgement.judged_at <= @judgedBefore)
    ORDER BY judgement.judged_at, host.id LIMIT 1`);
  const note = db.prepare(/*sql*/ `
    INSERT INTO judgement (host_id, judged_at, revision, heard_at, skipped)
    VALUES (@hostId, @now, @revision, @heardAt, @skipped)
    ON CONFLICT (host_id) DO UPDATE SET judged_at = excluded.judged_at, revision = excluded.revision,
      heard_at = excluded.heard_at, skipped = excluded.skipped`);
  const talliesOf = db.prepare<[string], TallyRow>(/*sql*/ `
    SELECT code AS "check", owner, severity, checked, passed, waived, unknown FROM tally WHERE host_id = ?`);
  const putTally = db.prepare(/*sql*/ `
    INSERT INTO tally (host_id, code, owner, severity, checked, passed, waived, unknown)
    VALUES (@hostId, @check, @owner, @severity, @checked, @passed, @waived, @unknown)
    ON CONFLICT (host_id, code, owner) DO UPDATE SET severity = excluded.severity, checked = excluded.checked,
      passed = excluded.passed, waived = excluded.waived, unknown = excluded.unknown`);
  const dropTally = db.prepare<[string, string, string]>(
    /*sql*/ `DELETE FROM tally WHERE host_id = ? AND code = ? AND owner = ?`,
  );

  const sumsOfHost = db.prepare<[string], SumRow>(/*sql*/ `
    SELECT severity, sum(checked) AS checked, sum(passed) AS passed FROM tally WHERE host_id = ? GROUP BY severity`);
  const sumsOfOwners = db.prepare<[], SumRow & { owner: string }>(/*sql*/ `
    SELECT tally.owner, severity, sum(checked) AS checked, sum(passed) AS passed
    FROM tally JOIN host ON host.id = tally.host_id WHERE host.revoked_at IS NULL GROUP BY tally.owner, severity`);
  const putScore = db.prepare(/*sql*/ `
    INSERT INTO compliance_score (scope, name, day, score, open, checked)
    VALUES (@scope, @name, @day, @score, @open, @checked)
    ON CONFLICT (scope, name, day) DO UPDATE SET
      score = excluded.score, open = excluded.open, checked = excluded.checked`);
  const scores = db.prepare<
    [{ since: Instant; scope: string | null; name: string | null }],
    Tables["compliance_score"] & { hostname: string | null }
  >(/*sql*/ `
    SELECT compliance_score.*, host.hostname FROM compliance_score
    LEFT JOIN host ON compliance_score.scope = 'host' AND host.id = compliance_score.name
    WHERE day >= @since AND (scope <> 'host' OR host.revoked_at IS NULL)
      AND (@scope IS NULL OR scope = @scope) AND (@name IS NULL OR @name IN (name, hostname))
    ORDER BY scope, hostname, name, day`);
  const skipped = db.prepare<[], { host_id: string; skipped: Json<SkippedCheck[]> }>(/*sql*/ `
    SELECT host_id, skipped FROM judgement JOIN host ON host.id = judgement.host_id
    WHERE skipped <> '[]' AND host.revoked_at IS NULL ORDER BY hostname`);

  function writeScore(scope: ScoreScope, name: string, sums: readonly SumRow[], now: Instant): void {
    const checked = sums.reduce((sum, row) => sum + row.checked, 0);
    const passed = sums.reduce((sum, row) => sum + row.passed, 0);
    // What did not pass is an open finding: waived ones count as passed.
    const open = checked - passed;
    putScore.run({ scope, name, day: dayOf(now), score: scoreOf(sums) ?? null, open, checked });
  }

  return {
    /** The host that waits longest of those that told something, got a new policy, or were judged long ago. */
    due(
      revision: number,
      now: Instant,
    ): { hostId: HostId; heardAt: Instant; isNewPolicy: boolean } | undefined {
      const row = due.get({
        revision,
        seenSince: now - SILENT_AFTER_MS,
        judgedBefore: now - JUDGED_EVERY_MS,
      });
      if (row === undefined) return undefined;
      return { hostId: row.host_id, heardAt: row.heard_at, isNewPolicy: row.known !== revision };
    },

    /** Keeps how a host did; the tallies of checks that were not made stay as they are. */
    record(
      hostId: HostId,
      {
        tallies,
        skipped: notMade,
        revision,
        heardAt,
      }: Omit<HostJudgement, "findings"> & { revision: number; heardAt: Instant },
      now: Instant,
    ): void {
      const gone = new Map(talliesOf.all(hostId).map((row) => [`${row.check} ${row.owner}`, row]));
      for (const { owner = "", ...tally } of tallies) {
        const key = `${tally.check} ${owner}`;
        if (!isDeepStrictEqual(gone.get(key), { ...tally, owner })) putTally.run({ hostId, owner, ...tally });
        gone.delete(key);
      }
      const stay = new Set(notMade.map(({ check }) => check));
      for (const { check, owner } of gone.values()) if (!stay.has(check)) dropTally.run(hostId, check, owner);
      note.run({ hostId, now, revision, heardAt, skipped: JSON.stringify(notMade) });
      writeScore("host", hostId, sumsOfHost.all(hostId), now);
    },

    /** The day's scores of every owner and of the fleet, from what is known of all hosts. */
    sumUp: db.transaction((now: Instant): void => {
      const sums = sumsOfOwners.all();
      for (const [owner, ofOwner] of Map.groupBy(sums, (row) => row.owner)) {
        writeScore("owner", owner, ofOwner, now);
      }
      writeScore("fleet", "", sums, now);
    }),

    /** Every score with the days since then that it was written on, oldest first. */
    scores({
      since,
      scope,
      name,
    }: {
      since: Instant;
      scope?: ScoreScope | undefined;
      name?: string | undefined;
    }): ApiScore[] {
      const rows = scores.all({ since: dayOf(since), scope: scope ?? null, name: name ?? null });
      return [...Map.groupBy(rows, ({ scope, name }) => `${scope} ${name}`).values()].flatMap((days) => {
        const newest = days.at(-1);
        if (newest === undefined) return [];
        return [
          {
            scope: newest.scope as ScoreScope,
            ...(newest.name === "" ? {} : { name: newest.hostname ?? newest.name }),
            ...figures(newest),
            history: days.map((row) => ({ day: row.day, ...figures(row) })),
          },
        ];
      });
    },

    /** Checks that could not be made at the last judgement, by host. */
    skipped: (): { hostId: string; skipped: SkippedCheck[] }[] =>
      skipped.all().map((row) => ({ hostId: row.host_id, skipped: fromJson(row.skipped) })),
  };
}
export type Judgements = ReturnType<typeof judgements>;

function figures({ score, open, checked }: Tables["compliance_score"]) {
  return { ...(score === null ? {} : { score }), open, checked };
}

/** The midnight, in UTC, that the day begins with. */
function dayOf(at: Instant): Instant {
  return at - (at % DAY_MS);
}
