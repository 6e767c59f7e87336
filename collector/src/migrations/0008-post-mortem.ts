/** What was to be seen of containers before a restart, or after an end that nobody ordered. */
export const postMortem = /*sql*/ `
CREATE TABLE post_mortem (
  -- Named, so that it stays the same for the search index when the file is vacuumed.
  number INTEGER PRIMARY KEY,
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  trigger TEXT NOT NULL,
  container_id TEXT NOT NULL,
  name TEXT NOT NULL,
  identity TEXT NOT NULL,
  image TEXT NOT NULL,
  owner TEXT,
  sign TEXT,
  run_id TEXT,
  incident_id TEXT,
  exit_code INTEGER,
  out_of_memory INTEGER NOT NULL,
  exits_before INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (host_id, id)
) STRICT;
CREATE INDEX post_mortem_at ON post_mortem (at);
CREATE INDEX post_mortem_host_received ON post_mortem (host_id, received_at);
CREATE INDEX post_mortem_received ON post_mortem (received_at, bytes);
CREATE INDEX post_mortem_run ON post_mortem (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX post_mortem_incident ON post_mortem (incident_id) WHERE incident_id IS NOT NULL;

-- The words of each, without a copy of its text.
CREATE VIRTUAL TABLE post_mortem_words USING fts5 (names, said, content = '', contentless_delete = 1);

-- How many were given up, and why: 'age' or 'room'.
CREATE TABLE post_mortem_given_up (why TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
