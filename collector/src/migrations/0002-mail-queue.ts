/** Reports on their way by mail: kept until a server took them, and afterwards as proof that it did. */
export const mailQueue = /*sql*/ `
CREATE TABLE mail_queue (
  -- The occurrence and the owner: the same report is never queued twice.
  key TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  -- Empty once it is settled.
  html TEXT NOT NULL,
  plain TEXT NOT NULL,
  queued_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  settled_at INTEGER,
  outcome TEXT CHECK (outcome IN ('sent', 'given-up'))
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_queue_due ON mail_queue (due_at) WHERE settled_at IS NULL;

-- Up to which occurrence of its schedule a report was queued.
CREATE TABLE report_schedule (
  report TEXT PRIMARY KEY,
  planned_through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
