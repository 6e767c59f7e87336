/** The hosts that went over to a revision: how each was at that moment, and how it is since. */
import type { Instant } from "@shipkeeper/kit";
import type { HostId, HostLabels } from "@shipkeeper/model";
import { guardrailTrips, ruleKey, type Round } from "@shipkeeper/policy";
import { SILENT_AFTER_MS, type HostState } from "@shipkeeper/protocol";
import { fromJson, type StoreDatabase } from "./database.ts";
import type { Json } from "./tables.ts";

/** One host as a rollout is judged by it. */
export interface RolloutHostFact {
  readonly hostId: HostId;
  readonly host: string;
  readonly labels: HostLabels;
  readonly state: HostState;
  /** Revision of the bundle in force there. */
  readonly holds: number;
  /** Present where it went over to the revision in question. */
  readonly since?: SinceTaken;
}

export interface SinceTaken {
  readonly takenAt: Instant;
  readonly runs: number;
  /** Runs with a failed step, of rules whose last run under an earlier revision had none. */
  readonly failedRuns: number;
  readonly removedImages: number;
  readonly imagesBefore: number;
  readonly containersBefore: number;
  /** Names of containers that are worse than before, and that no step of the revision stopped. */
  readonly worse: readonly string[];
  /** `ruleKey` of rules that the guardrails cut, and had not cut before. */
  readonly tripped: readonly string[];
}

/** How ill a container is: 0 not at all, 1 unhealthy, 2 it does not run as it should. */
const ILLNESS = /*sql*/ `CASE
  WHEN state IN ('dead', 'restarting') OR (state = 'exited' AND ifnull(body ->> '$.exitCode', 0) <> 0) THEN 2
  WHEN health = 'unhealthy' THEN 1
  ELSE 0 END`;

/** Rules that are due once a night stand in one round of many. */
const ROUNDS_LOOKED_AT = 50;

export function rolloutHosts({ db }: StoreDatabase) {
  const isJudged = db.prepare<[number, string], number>(/*sql*/ `
    SELECT 1 FROM rollout WHERE revision = ? AND state = 'running'
      AND NOT EXISTS (SELECT 1 FROM rollout_host h WHERE h.revision = rollout.revision AND h.host_id = ?)`);
  const lastRounds = db
    .prepare<[string], Json<Round>>(
      /*sql*/ `SELECT body FROM round WHERE host_id = ? ORDER BY at DESC LIMIT ${ROUNDS_LOOKED_AT}`,
    )
    .pluck();
  const take = db.prepare(/*sql*/ `
    INSERT INTO rollout_host (revision, host_id, taken_at, images, containers, tripped_before)
    SELECT @revision, @hostId, @at,
      (SELECT CASE WHEN EXISTS (SELECT 1 FROM listing WHERE host_id = @hostId AND section = 'images')
        THEN (SELECT count(*) FROM image WHERE host_id = @hostId) END),
      (SELECT json_group_object(name, illness) FROM (SELECT name, ${ILLNESS} AS illness FROM container WHERE host_id = @hostId)),
      @trippedBefore
    ON CONFLICT DO NOTHING`);
  const trippedOf = db.prepare<[number, string], { tripped: Json<string[]>; tripped_before: Json<string[]> }>(
    /*sql*/ `SELECT tripped, tripped_before FROM rollout_host WHERE revision = ? AND host_id = ?`,
  );
  const trip = db.prepare<[string, number, string]>(
    /*sql*/ `UPDATE rollout_host SET tripped = ? WHERE revision = ? AND host_id = ?`,
  );
  const forget = db.prepare<[number]>(/*sql*/ `DELETE FROM rollout_host WHERE revision < ?`);

  const facts = db.prepare<[{ revision: number; silentBefore: Instant }], FactRow>(/*sql*/ `
    SELECT host.id, host.hostname, host.policy_revision AS holds,
      ifnull(host.standing -> '$.hostLabels', host.labels) AS labels,
      CASE WHEN last_seen_at IS NULL THEN 'new' WHEN last_seen_at < @silentBefore THEN 'silent' ELSE 'online' END AS state,
      taken_at, tripped, containers,
      ifnull(images, (SELECT count(*) FROM image WHERE image.host_id = host.id)) AS images,
      images IS NULL AS images_now
    FROM host LEFT JOIN rollout_host ON rollout_host.host_id = host.id AND rollout_host.revision = @revision
    WHERE host.revoked_at IS NULL
    ORDER BY host.hostname, host.id`);
  // What failed before as well does not speak against the change.
  const runs = db.prepare<
    [number],
    { host_id: string; runs: number; failed: number; removed: number }
  >(/*sql*/ `
    SELECT host_id, count(*) AS runs, sum(removed_images) AS removed,
      sum(run.failed + run.unknown > 0 AND NOT ifnull((
        SELECT earlier.failed + earlier.unknown > 0 FROM run AS earlier
        WHERE earlier.host_id = run.host_id AND earlier.policy = run.policy AND earlier.rule = run.rule
          AND earlier.revision < run.revision AND earlier.finished_at IS NOT NULL
        ORDER BY earlier.at DESC LIMIT 1), 0)) AS failed
    FROM run WHERE revision = ? AND finished_at IS NOT NULL GROUP BY host_id`);
  const ill = db.prepare<[number], IllRow>(/*sql*/ `
    SELECT container.host_id, id, name, ${ILLNESS} AS illness
    FROM container JOIN rollout_host USING (host_id)
    WHERE rollout_host.revision = ? AND (state IN ('dead', 'restarting', 'exited') OR health = 'unhealthy')`);
  const stoppedByStep = db.prepare<[number, string, string], number>(/*sql*/ `
    SELECT 1 FROM run JOIN json_each(run.outcome, '$.steps') AS step
    WHERE run.revision = ? AND run.host_id = ? AND step.value ->> '$.target.id' = ?
      AND step.value ->> '$.decision' <> 'restart' AND step.value ->> '$.status' = 'done'`);

  /** Of containers that are ill now those that were less so before, and that no step of the revision stopped. */
  function worseThan(
    before: Readonly<Record<string, number>>,
    now: readonly IllRow[],
    revision: number,
  ): string[] {
    return now
      .filter(({ name, illness }) => Object.hasOwn(before, name) && illness > (before[name] ?? 0))
      .filter(({ host_id: hostId, id }) => stoppedByStep.get(revision, hostId, id) === undefined)
      .map(({ name }) => name);
  }

  return {
    /** A host says that it goes by a revision: how it is now is what its rollout is judged against. */
    noteTaken(hostId: HostId, revision: number, at: Instant): void {
      if (isJudged.get(revision, hostId) === undefined) return;
      const rounds = lastRounds.all(hostId).map(fromJson);
      take.run({ revision, hostId, at, trippedBefore: JSON.stringify(trippedIn(rounds)) });
    },

    /** May be repeated with the same round: nothing changes then. */
    noteTrips(hostId: HostId, round: Round): void {
      const trips = guardrailTrips(round);
      const row = trips.length === 0 ? undefined : trippedOf.get(round.revision, hostId);
      if (row === undefined) return;
      const before = fromJson(row.tripped_before);
      const tripped = new Set([...fromJson(row.tripped), ...trips.filter((rule) => !before.includes(rule))]);
      trip.run(JSON.stringify([...tripped]), round.revision, hostId);
    },

    /** All hosts that are not revoked. */
    hostFacts(revision: number, now: Instant): RolloutHostFact[] {
      const runsOf = new Map(runs.all(revision).map((row) => [row.host_id, row]));
      const illOf = Map.groupBy(ill.all(revision), (row) => row.host_id);
      return facts.all({ revision, silentBefore: now - SILENT_AFTER_MS }).map((row) => {
        const { id, hostname: host, labels, state, holds, taken_at: takenAt } = row;
        const known = { hostId: id, host, labels: fromJson(labels), state, holds };
        if (takenAt === null || row.containers === null) return known;
        const containersBefore = fromJson(row.containers);
        const { runs = 0, failed = 0, removed = 0 } = runsOf.get(id) ?? {};
        const since: SinceTaken = {
          takenAt,
          runs,
          failedRuns: failed,
          removedImages: removed,
          imagesBefore: row.images + (row.images_now === 1 ? removed : 0),
          containersBefore: Object.keys(containersBefore).length,
          worse: worseThan(containersBefore, illOf.get(id) ?? [], revision),
          tripped: row.tripped === null ? [] : fromJson(row.tripped),
        };
        return { ...known, since };
      });
    },

    forgetHostsBefore: (revision: number): void => void forget.run(revision),
  };
}

interface FactRow {
  id: HostId;
  hostname: string;
  holds: number;
  labels: Json<HostLabels>;
  state: HostState;
  taken_at: number | null;
  tripped: Json<string[]> | null;
  images: number;
  images_now: number;
  /** Name → how ill it was. */
  containers: Json<Record<string, number>> | null;
}

interface IllRow {
  host_id: string;
  id: string;
  name: string;
  illness: number;
}

/** The rules that the guardrails cut the last time that they were planned; rounds are newest first. */
function trippedIn(rounds: readonly Round[]): string[] {
  const seen = new Set<string>();
  return rounds.flatMap(({ planned }) => {
    const fresh = planned.filter(({ policy, rule }) => !seen.has(ruleKey(policy, rule)));
    for (const { policy, rule } of fresh) seen.add(ruleKey(policy, rule));
    return guardrailTrips({ planned: fresh });
  });
}
