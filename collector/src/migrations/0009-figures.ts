/** How containers stood, and when hosts were watched. */
export const figures = /*sql*/ `
CREATE TABLE availability_subject (
  host_id TEXT NOT NULL REFERENCES host (id),
  identity TEXT NOT NULL,
  -- The newest change that was told of it, by which its names are those of now.
  told_at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  name TEXT NOT NULL,
  container_id TEXT NOT NULL,
  image TEXT NOT NULL,
  project TEXT,
  service TEXT,
  owner TEXT,
  PRIMARY KEY (host_id, identity)
) STRICT, WITHOUT ROWID;

-- A row for each change. It lasts until the next one of its identity, whatever order they arrived in.
CREATE TABLE spell (
  host_id TEXT NOT NULL REFERENCES host (id),
  identity TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  state TEXT NOT NULL CHECK (state IN ('up', 'down', 'out')),
  why TEXT NOT NULL,
  told_at INTEGER NOT NULL,
  PRIMARY KEY (host_id, identity, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX spell_until ON spell (until);

CREATE TABLE watch_span (
  host_id TEXT NOT NULL REFERENCES host (id),
  from_at INTEGER NOT NULL,
  -- Whether the engine answered.
  answers INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  PRIMARY KEY (host_id, from_at, answers)
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_span_end ON watch_span (to_at);
`;
