/** How far each revision of the policies has come, and the hosts that went over to it. What that means is judged elsewhere. */
import type { Instant } from "@shipkeeper/kit";
import type { RolloutState } from "@shipkeeper/protocol";
import { fromJson, type StoreDatabase } from "./database.ts";
import { rolloutHosts } from "./rollout-hosts.ts";
import type { Json } from "./tables.ts";

export interface RolloutRow {
  readonly revision: number;
  readonly state: RolloutState;
  /** The last ring that may have it, counted from 0 … */
  readonly ring: number;
  /** … and since when. */
  readonly ringAt: Instant;
  readonly halted?: { readonly at: Instant; readonly by: string; readonly reasons: readonly string[] };
}

interface Row {
  revision: number;
  state: RolloutState;
  ring: number;
  ring_at: number;
  halted_at: number | null;
  halted_by: string | null;
  reasons: Json<string[]>;
}

/** So many revisions are looked through for one that a host can take. */
const MOST_OFFERABLE = 50;
/** Of so many revisions it is kept how their hosts were. */
const REVISIONS_REMEMBERED = 20;

export function rollouts(database: StoreDatabase) {
  const { db } = database;
  const begin = db.prepare<[number, number]>(
    /*sql*/ `INSERT INTO rollout (revision, state, ring, ring_at) VALUES (?, 'running', 0, ?)`,
  );
  const supersede = db.prepare<[number]>(
    /*sql*/ `UPDATE rollout SET state = 'superseded' WHERE state = 'running' AND revision < ?`,
  );
  const find = db.prepare<[number], Row>(/*sql*/ `SELECT * FROM rollout WHERE revision = ?`);
  const newest = db.prepare<[], Row>(/*sql*/ `SELECT * FROM rollout ORDER BY revision DESC LIMIT 1`);
  const offerable = db.prepare<[number, number], Row>(/*sql*/ `
    SELECT rollout.* FROM rollout JOIN policy_revision USING (revision)
    WHERE revision > ? AND state <> 'halted' AND expires_at > ?
    ORDER BY revision DESC LIMIT ${MOST_OFFERABLE}`);
  const advance = db.prepare<[number, number, number]>(
    /*sql*/ `UPDATE rollout SET ring = ?, ring_at = ? WHERE revision = ? AND state = 'running'`,
  );
  const finish = db.prepare<[number]>(
    /*sql*/ `UPDATE rollout SET state = 'done' WHERE revision = ? AND state = 'running'`,
  );
  const halt = db.prepare(/*sql*/ `
    UPDATE rollout SET state = 'halted', halted_at = @at, halted_by = @by, reasons = @reasons
    WHERE revision = @revision AND state <> 'halted'`);
  const doneSince = db
    .prepare<[number], number>(/*sql*/ `SELECT count(*) FROM rollout WHERE state = 'done' AND revision >= ?`)
    .pluck();

  return {
    ...rolloutHosts(database),

    /** The newest revision there is from now on; one that was still on its way goes no further. */
    begin(revision: number, at: Instant): void {
      supersede.run(revision);
      begin.run(revision, at);
      this.forgetHostsBefore(revision - REVISIONS_REMEMBERED);
    },

    find(revision: number): RolloutRow | undefined {
      return toRollout(find.get(revision));
    },
    newest(): RolloutRow | undefined {
      return toRollout(newest.get());
    },

    /** Revisions above `held` that are neither halted nor expired, newest first. */
    offerable: (held: number, now: Instant): RolloutRow[] =>
      offerable.all(held, now).flatMap((row) => toRollout(row) ?? []),

    advance: (revision: number, ring: number, at: Instant): void => void advance.run(ring, at, revision),
    finish: (revision: number): void => void finish.run(revision),

    /** False where it is unknown or was halted before. */
    halt(revision: number, halted: { at: Instant; by: string; reasons: readonly string[] }): boolean {
      return halt.run({ revision, ...halted, reasons: JSON.stringify(halted.reasons) }).changes === 1;
    },

    /** Whether any revision from this one on has reached all hosts. */
    isDoneSince: (revision: number): boolean => (doneSince.get(revision) ?? 0) > 0,
  };
}
export type Rollouts = ReturnType<typeof rollouts>;

function toRollout(row: Row | undefined): RolloutRow | undefined {
  if (row === undefined) return undefined;
  const { revision, state, ring, ring_at: ringAt, halted_at: at, halted_by: by, reasons } = row;
  const halted = at === null ? {} : { halted: { at, by: by ?? "", reasons: fromJson(reasons) } };
  return { revision, state, ring, ringAt, ...halted };
}
