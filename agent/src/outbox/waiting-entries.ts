import type { Lane } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";

export interface EntryRow {
  readonly seq: number;
  readonly lane: Lane;
  readonly body: string;
  readonly blob: Buffer | null;
  readonly bytes: number;
}

/** Entries that wait, and the one row about the queue as a whole. Prepared once; callers make the transactions. */
export function waitingEntries(db: Database) {
  return {
    begin: db.prepare(/*sql*/ `INSERT INTO outbox (one, epoch) VALUES (1, @epoch) ON CONFLICT DO NOTHING`),
    state: db.prepare<
      [],
      { epoch: string; offered_through: number; acked_through: number; waiting_bytes: number }
    >(/*sql*/ `SELECT epoch, offered_through, acked_through, waiting_bytes FROM outbox`),
    /** What waits keeps its numbers, and counts as enqueued in the new epoch. */
    renew: db.prepare<[{ epoch: string }]>(/*sql*/ `
      UPDATE outbox SET epoch = @epoch, offered_through = 0, acked_through = 0, stored = 0,
        earlier = ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'entry'), 0) - (SELECT count(*) FROM entry)`),
    insert: db.prepare(/*sql*/ `
      INSERT INTO entry (lane, subject, body, blob, bytes) VALUES (@lane, @subject, @body, @blob, @bytes)`),
    one: db.prepare<[number], EntryRow>(
      /*sql*/ `SELECT seq, lane, body, blob, bytes FROM entry WHERE seq = ?`,
    ),
    oldest: db.prepare<[number], EntryRow>(/*sql*/ `
      SELECT seq, lane, body, blob, bytes FROM entry ORDER BY seq LIMIT ?`),
    oldestSample: db.prepare<[number], { seq: number }>(/*sql*/ `
      SELECT seq FROM entry WHERE lane = 'samples' AND seq > ? ORDER BY seq LIMIT 1`),
    olderOfSubject: db.prepare<{ seq: number; subject: string | null }, { seq: number }>(/*sql*/ `
      SELECT seq FROM entry
      WHERE subject = @subject AND seq < @seq AND seq > (SELECT offered_through FROM outbox)`),
    remove: db.prepare(/*sql*/ `DELETE FROM entry WHERE seq = ?`),
    removeThrough: db.prepare<[number]>(/*sql*/ `DELETE FROM entry WHERE seq <= ?`),
    offer: db.prepare(/*sql*/ `UPDATE outbox SET offered_through = @seq WHERE offered_through < @seq`),
    ack: db.prepare(/*sql*/ `
      UPDATE outbox SET stored = stored + @stored, acked_through = max(acked_through, @through)`),
  };
}
