/** Forgetting what is too old, and keeping the files small. Each call does a bounded piece of work. */
import type { Instant } from "@shipkeeper/kit";
import type { Database } from "@shipkeeper/runtime";
import type { BaseImages } from "./base-images.ts";
import { STILL_HELD } from "./held-digests.ts";

/** What has an age, and the rows of it that go with one call. */
const FORGOTTEN = {
  samples: /*sql*/ `DELETE FROM sample_chunk WHERE rowid IN (SELECT rowid FROM sample_chunk WHERE to_at < ? LIMIT ?)`,
  rounds: /*sql*/ `DELETE FROM round WHERE rowid IN (SELECT rowid FROM round WHERE at < ? LIMIT ?)`,
  runs: /*sql*/ `DELETE FROM run WHERE rowid IN (SELECT rowid FROM run WHERE at < ? LIMIT ?)`,
  drills: /*sql*/ `
    DELETE FROM drill WHERE (host_id, id) IN (SELECT host_id, id FROM drill WHERE requested_at < ? LIMIT ?)`,
  orders: /*sql*/ `DELETE FROM signed_order WHERE id IN (SELECT id FROM signed_order WHERE expires_at < ? LIMIT ?)`,
  alerts: /*sql*/ `DELETE FROM alert WHERE rowid IN (SELECT rowid FROM alert WHERE resolved_at < ? LIMIT ?)`,
  incidents: /*sql*/ `DELETE FROM incident WHERE rowid IN (SELECT rowid FROM incident WHERE closed_at < ? LIMIT ?)`,
  events: /*sql*/ `DELETE FROM event WHERE rowid IN (SELECT rowid FROM event WHERE received_at < ? LIMIT ?)`,
  unknownEntries: /*sql*/ `
    DELETE FROM unknown_entry WHERE rowid IN (SELECT rowid FROM unknown_entry WHERE received_at < ? LIMIT ?)`,
  rejectedEntries: /*sql*/ `
    DELETE FROM rejected_entry WHERE (epoch, seq) IN
      (SELECT epoch, seq FROM rejected_entry WHERE received_at < ? LIMIT ?)`,
  heldDigests: /*sql*/ `
    DELETE FROM held_digest WHERE (host_id, digest) IN
      (SELECT host_id, digest FROM held_digest WHERE last_at < ? AND NOT (${STILL_HELD}) LIMIT ?)`,
  findings: /*sql*/ `DELETE FROM finding WHERE rowid IN (SELECT rowid FROM finding WHERE resolved_at < ? LIMIT ?)`,
  complianceScores: /*sql*/ `
    DELETE FROM compliance_score WHERE (scope, name, day) IN
      (SELECT scope, name, day FROM compliance_score WHERE day < ? LIMIT ?)`,
  spells: /*sql*/ `
    DELETE FROM spell WHERE (host_id, identity, since) IN
      (SELECT host_id, identity, since FROM spell WHERE until < ? LIMIT ?)`,
  // The last word about what is gone has no end: it goes when nothing was told of it for as long.
  lastSpells: /*sql*/ `
    DELETE FROM spell WHERE (host_id, identity, since) IN
      (SELECT host_id, identity, since FROM spell WHERE until IS NULL AND state = 'out' AND told_at < ? LIMIT ?)`,
  availabilitySubjects: /*sql*/ `
    DELETE FROM availability_subject WHERE (host_id, identity) IN
      (SELECT host_id, identity FROM availability_subject AS subject WHERE told_at < ? AND NOT EXISTS
        (SELECT 1 FROM spell WHERE spell.host_id = subject.host_id AND spell.identity = subject.identity) LIMIT ?)`,
  watchSpans: /*sql*/ `
    DELETE FROM watch_span WHERE (host_id, from_at, answers) IN
      (SELECT host_id, from_at, answers FROM watch_span WHERE to_at < ? LIMIT ?)`,
  logHours: /*sql*/ `
    DELETE FROM log_hour WHERE (host_id, container_id, hour, watched_since) IN
      (SELECT host_id, container_id, hour, watched_since FROM log_hour WHERE hour < ? LIMIT ?)`,
  verifications: /*sql*/ `
    DELETE FROM verification WHERE (host_id, repository, dataset, level) IN
      (SELECT host_id, repository, dataset, level FROM verification WHERE at < ? LIMIT ?)`,
  enrollmentTokens: /*sql*/ `
    DELETE FROM enrollment_token WHERE id IN (SELECT id FROM enrollment_token WHERE expires_at < ? LIMIT ?)`,
} as const;
export type Forgettable = keyof typeof FORGOTTEN;

export function upkeep(db: Database, bases: BaseImages) {
  const forget = new Map(
    Object.entries(FORGOTTEN).map(([what, sql]) => [what, db.prepare<[number, number]>(sql)]),
  );
  const size = db
    .prepare<[], number>(/*sql*/ `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`)
    .pluck();

  return {
    /** Forgets at most `most` rows that are older than `before`; returns how many it forgot. */
    forget: (what: Forgettable, before: Instant, most: number): number =>
      forget.get(what)?.run(before, most).changes ?? 0,

    forgetUnusedLayers: (): number => bases.forgetUnused(),

    /** Moves what the write-ahead log holds into the database, as far as no reader is in the way. */
    checkpoint: (): void => void db.pragma("wal_checkpoint(PASSIVE)"),

    sizeBytes: (): number => size.get() ?? 0,
  };
}
