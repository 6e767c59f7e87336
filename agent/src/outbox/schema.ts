import type { Migration } from "@shipkeeper/runtime";

/** The outbox file. A step is never changed once released: hosts out there have taken it. */
export const OUTBOX_MIGRATIONS: readonly Migration[] = [
  /*sql*/ `
  CREATE TABLE outbox (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    -- Everything up to here was offered to the collector at least once, which may have stored it without our knowing.
    offered_through INTEGER NOT NULL DEFAULT 0,
    acked_through INTEGER NOT NULL DEFAULT 0,
    stored INTEGER NOT NULL DEFAULT 0,
    waiting_bytes INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: a number is never given twice, not even after a delete
    lane TEXT NOT NULL,
    subject TEXT, -- what a state entry tells the state of; of two, only the later counts
    body TEXT NOT NULL,
    blob BLOB,
    bytes INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX entry_by_lane ON entry (lane, seq);
  CREATE INDEX entry_by_subject ON entry (subject, seq) WHERE subject IS NOT NULL;

  CREATE TRIGGER entry_came AFTER INSERT ON entry BEGIN
    UPDATE outbox SET waiting_bytes = waiting_bytes + new.bytes;
  END;
  CREATE TRIGGER entry_went AFTER DELETE ON entry BEGIN
    UPDATE outbox SET waiting_bytes = waiting_bytes - old.bytes;
  END;

  -- Entries that left without being stored, and how many of them the collector was told of.
  CREATE TABLE loss (
    lane TEXT NOT NULL,
    why TEXT NOT NULL,
    count INTEGER NOT NULL,
    declared INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (lane, why)
  ) STRICT;

  CREATE TABLE dead_letter (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    body TEXT NOT NULL,
    blob BLOB,
    bytes INTEGER NOT NULL
  ) STRICT;`,
  /*sql*/ `
  -- Of the numbers given out, how many belong to earlier epochs: a number is never given twice, but an epoch may end.
  ALTER TABLE outbox ADD COLUMN earlier INTEGER NOT NULL DEFAULT 0;`,
];
