import { epochSchema, type Epoch } from "@shipkeeper/model";
import { openDatabaseToRead, type Database } from "@shipkeeper/runtime";
import { deadLetters, type DeadLetter } from "./dead-letters.ts";
import { losses, type Loss } from "./losses.ts";
import { OUTBOX_MIGRATIONS } from "./schema.ts";

/**
 * Where every entry of this epoch is: `enqueued` = `stored` + `waiting` + the sum of `losses`, at any moment and after
 * any crash, because each of the moves between them is one commit.
 */
export interface Accounts {
  readonly epoch: Epoch;
  readonly enqueued: number;
  /** As far as receipts said so. */
  readonly stored: number;
  readonly waiting: number;
  /** Superseded, dropped for space, and dead letters. */
  readonly losses: readonly Loss[];
}

/** What waits. */
export interface Usage {
  readonly entries: number;
  readonly bytes: number;
}

export function readAccounts(db: Database): Accounts {
  const row = db
    .prepare<[], { epoch: string; stored: number; waiting: number; enqueued: number | null }>(
      /*sql*/ `
      SELECT epoch, stored, (SELECT count(*) FROM entry) AS waiting,
             (SELECT seq FROM sqlite_sequence WHERE name = 'entry') - earlier AS enqueued
      FROM outbox`,
    )
    .get();
  return {
    epoch: epochSchema.parse(row?.epoch),
    enqueued: row?.enqueued ?? 0,
    stored: row?.stored ?? 0,
    waiting: row?.waiting ?? 0,
    losses: losses(db).all(),
  };
}

export function readUsage(db: Database): Usage {
  const row = db
    .prepare<[], Usage>(
      /*sql*/ `SELECT (SELECT count(*) FROM entry) AS entries, waiting_bytes AS bytes FROM outbox`,
    )
    .get();
  return row ?? { entries: 0, bytes: 0 };
}

/** What a look from outside shows while the agent runs, or while it does not. Throws `DatabaseNotUsable`. */
export function inspectOutbox(file: string): { accounts: Accounts; usage: Usage; deadLetters: DeadLetter[] } {
  const db = openDatabaseToRead(file, OUTBOX_MIGRATIONS);
  try {
    return { accounts: readAccounts(db), usage: readUsage(db), deadLetters: deadLetters(db).all() };
  } finally {
    db.close();
  }
}
