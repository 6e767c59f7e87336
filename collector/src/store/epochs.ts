/** Who may use an epoch, and which of its sequence numbers are dealt with. */
import { DAY_MS, OperationalError, type Instant } from "@shipkeeper/kit";
import type { Epoch, HostId } from "@shipkeeper/model";
import type { Receipt } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";

/** An epoch belongs to the first host that used it: another host's recorded batch cannot be sent as one's own. */
export class EpochOwned extends OperationalError {
  override readonly name = "EpochOwned";
  readonly code = "epoch_owned";
  readonly retryable = false;
  constructor(epoch: Epoch) {
    super(`epoch ${epoch} belongs to another host`);
  }
}

/** An agent opens an epoch when it loses its outbox: that many losses a day are a fault or a flood. */
const MOST_EPOCHS_A_DAY = 24;

export class TooManyEpochs extends OperationalError {
  override readonly name = "TooManyEpochs";
  readonly code = "too_many_epochs";
  readonly retryable = true;
  constructor() {
    super(`this host opened ${MOST_EPOCHS_A_DAY} epochs within a day`);
  }
}

export interface Stretch {
  readonly first: number;
  readonly last: number;
}

export function epochs(db: Database) {
  const ownerOf = db.prepare<[string], HostId>(/*sql*/ `SELECT host_id FROM epoch WHERE id = ?`).pluck();
  const openedSince = db
    .prepare<[string, number], number>(
      /*sql*/ `SELECT count(*) FROM epoch WHERE host_id = ? AND opened_at > ?`,
    )
    .pluck();
  const open = db.prepare<[string, string, number]>(
    /*sql*/ `INSERT INTO epoch (id, host_id, opened_at) VALUES (?, ?, ?)`,
  );
  const covers = db
    .prepare<[string, number, number], number>(
      /*sql*/ `SELECT 1 FROM settled WHERE epoch = ? AND first_seq <= ? AND last_seq >= ?`,
    )
    .pluck();
  // Stretches that touch become one, so that an epoch without losses has one row for its whole life.
  const touching = db.prepare<[string, number, number], Stretch>(/*sql*/ `
    DELETE FROM settled WHERE epoch = ? AND first_seq <= ? + 1 AND last_seq >= ? - 1
    RETURNING first_seq AS first, last_seq AS last`);
  const insert = db.prepare<[string, number, number]>(
    /*sql*/ `INSERT INTO settled (epoch, first_seq, last_seq) VALUES (?, ?, ?)`,
  );
  const endOf = db
    .prepare<[string, number], number>(
      /*sql*/ `SELECT max(last_seq) FROM settled WHERE epoch = ? AND first_seq <= ? + 1`,
    )
    .pluck();
  const reject = db.prepare(/*sql*/ `
    INSERT INTO rejected_entry (epoch, seq, code, message, received_at)
    VALUES (@epoch, @seq, @code, @message, @receivedAt) ON CONFLICT DO NOTHING`);
  const rejectedIn = db.prepare<[string, number, number, number], Receipt["rejected"][number]>(/*sql*/ `
    SELECT seq, code, message FROM rejected_entry WHERE epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`);

  return {
    /** Opens the epoch for the host, or finds that it is the host's own. Throws `EpochOwned`, `TooManyEpochs`. */
    claim(epoch: Epoch, hostId: HostId, now: Instant): void {
      const owner = ownerOf.get(epoch);
      if (owner === hostId) return;
      if (owner !== undefined) throw new EpochOwned(epoch);
      if ((openedSince.get(hostId, now - DAY_MS) ?? 0) >= MOST_EPOCHS_A_DAY) throw new TooManyEpochs();
      open.run(epoch, hostId, now);
    },

    isSettled: (epoch: Epoch, seq: number): boolean => covers.get(epoch, seq, seq) !== undefined,

    /** Everything in the stretch is dealt with from now on. */
    settle(epoch: Epoch, { first, last }: Stretch): void {
      const merged = touching.all(epoch, last, first).concat({ first, last });
      insert.run(
        epoch,
        merged.reduce((least, stretch) => Math.min(least, stretch.first), first),
        merged.reduce((most, stretch) => Math.max(most, stretch.last), last),
      );
    },

    /** The end of the settled stretch that `after` lies in or borders on; `after` itself where there is none. */
    settledThrough: (epoch: Epoch, after: number): number => Math.max(after, endOf.get(epoch, after) ?? 0),

    reject(entry: { epoch: Epoch; seq: number; code: string; message: string; receivedAt: Instant }): void {
      reject.run(entry);
    },

    /** The first of them, if there are more than `most`. */
    rejectedIn: (epoch: Epoch, { first, last }: Stretch, most: number): Receipt["rejected"] =>
      rejectedIn.all(epoch, first, last, most),
  };
}
