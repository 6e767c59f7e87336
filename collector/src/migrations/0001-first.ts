/**
 * The first schema. Times are milliseconds since 1970, booleans 0 or 1, JSON is text. Whatever a host names itself
 * (rounds, runs, containers, …) is keyed by host first, so that no batch can touch another host's rows (S5).
 */
export const first = /*sql*/ `
CREATE TABLE host (
  id TEXT PRIMARY KEY,
  hostname TEXT NOT NULL,
  labels TEXT NOT NULL,
  owner TEXT,
  public_key TEXT NOT NULL UNIQUE,
  agent_version TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL,
  revoked_at INTEGER,
  last_seen_at INTEGER,
  policy_revision INTEGER NOT NULL DEFAULT 0,
  status TEXT,
  facts TEXT,
  engine TEXT, engine_at INTEGER,
  build_cache TEXT, build_cache_at INTEGER,
  gaps TEXT NOT NULL DEFAULT '[]',
  inventory_at INTEGER
) STRICT;
CREATE INDEX host_hostname ON host (hostname, id);

CREATE TABLE enrollment_token (
  id TEXT PRIMARY KEY,
  secret_sha256 TEXT NOT NULL,
  labels TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  used_by TEXT REFERENCES host (id)
) STRICT;

CREATE TABLE api_token (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER
) STRICT;

-- An epoch belongs to the first host that used it.
CREATE TABLE epoch (
  id TEXT PRIMARY KEY,
  host_id TEXT NOT NULL REFERENCES host (id),
  opened_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX epoch_host ON epoch (host_id, opened_at);

-- Sequence numbers that are dealt with: stored, refused, or declared dropped. One row an epoch unless some went missing.
CREATE TABLE settled (
  epoch TEXT NOT NULL REFERENCES epoch (id),
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (epoch, first_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejected_entry (
  epoch TEXT NOT NULL REFERENCES epoch (id),
  seq INTEGER NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;

-- Entries of kinds that this version does not know, as they came.
CREATE TABLE unknown_entry (
  epoch TEXT NOT NULL REFERENCES epoch (id),
  seq INTEGER NOT NULL,
  host_id TEXT NOT NULL REFERENCES host (id),
  received_at INTEGER NOT NULL,
  raw TEXT NOT NULL,
  PRIMARY KEY (epoch, seq)
) STRICT;

CREATE TABLE sample_chunk (
  epoch TEXT NOT NULL REFERENCES epoch (id),
  seq INTEGER NOT NULL,
  host_id TEXT NOT NULL REFERENCES host (id),
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  head TEXT NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (epoch, seq)
) STRICT;
CREATE INDEX sample_chunk_host ON sample_chunk (host_id, to_at);
CREATE INDEX sample_chunk_age ON sample_chunk (to_at);

-- What is known of each list that a host sends: when it was last seen whole, and when at all.
CREATE TABLE listing (
  host_id TEXT NOT NULL REFERENCES host (id),
  section TEXT NOT NULL,
  whole_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (host_id, section)
) STRICT, WITHOUT ROWID;

CREATE TABLE container (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  name TEXT NOT NULL,
  image_id TEXT NOT NULL,
  owner TEXT,
  state TEXT NOT NULL,
  health TEXT NOT NULL,
  created_at INTEGER,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, id)
) STRICT;
CREATE INDEX container_name ON container (name, host_id, id);
CREATE INDEX container_owner ON container (owner);
CREATE INDEX container_image ON container (host_id, image_id);

CREATE TABLE image (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  name TEXT NOT NULL,
  tagged INTEGER NOT NULL,
  owner TEXT,
  size_bytes INTEGER NOT NULL,
  created_at INTEGER,
  unused_since INTEGER,
  layers_key TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, id)
) STRICT;
CREATE INDEX image_name ON image (name, host_id, id);
CREATE INDEX image_owner ON image (owner);
CREATE INDEX image_layers ON image (layers_key, tagged DESC, name, id);

-- The layer keys of everything an image may be built on, longest first. By content: the same for every host.
CREATE TABLE layer_prefixes (
  layers_key TEXT PRIMARY KEY,
  prefixes TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE volume (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  owner TEXT,
  size_bytes INTEGER,
  users INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, id)
) STRICT;
CREATE INDEX volume_name ON volume (id, host_id);
CREATE INDEX volume_owner ON volume (owner);

CREATE TABLE network (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, id)
) STRICT;

CREATE TABLE round (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, id)
) STRICT;
CREATE INDEX round_at ON round (at, id);
CREATE INDEX round_host ON round (host_id, at);
CREATE INDEX round_id ON round (id);

CREATE TABLE run (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  round_id TEXT,
  policy TEXT,
  rule TEXT,
  revision INTEGER,
  mode TEXT,
  started_at INTEGER,
  planned_steps INTEGER NOT NULL DEFAULT 0,
  finished_at INTEGER,
  ended TEXT,
  done INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  unknown INTEGER NOT NULL DEFAULT 0,
  freed_bytes INTEGER,
  measures TEXT NOT NULL DEFAULT '{}',
  outcome TEXT,
  PRIMARY KEY (host_id, id)
) STRICT;
CREATE INDEX run_at ON run (at, id);
CREATE INDEX run_host ON run (host_id, at);
CREATE INDEX run_id ON run (id);

CREATE TABLE restore_point (
  host_id TEXT NOT NULL REFERENCES host (id),
  repository TEXT NOT NULL,
  id TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  volume TEXT NOT NULL,
  at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, repository, id)
) STRICT;
CREATE INDEX restore_point_volume ON restore_point (host_id, volume, at);
CREATE INDEX restore_point_at ON restore_point (at, id);

CREATE TABLE event (
  epoch TEXT NOT NULL REFERENCES epoch (id),
  seq INTEGER NOT NULL,
  host_id TEXT NOT NULL REFERENCES host (id),
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  what TEXT NOT NULL,
  subject_id TEXT,
  body TEXT NOT NULL,
  UNIQUE (epoch, seq)
) STRICT;
CREATE INDEX event_at ON event (at);
CREATE INDEX event_host ON event (host_id, at);
CREATE INDEX event_received ON event (received_at);

CREATE TABLE policy_key (
  fingerprint TEXT PRIMARY KEY,
  trusted_at INTEGER NOT NULL,
  trusted_by TEXT NOT NULL
) STRICT;

CREATE TABLE policy_revision (
  revision INTEGER PRIMARY KEY,
  payload TEXT NOT NULL,
  public_key TEXT NOT NULL,
  signature TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL,
  names TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  pushed_at INTEGER NOT NULL,
  pushed_by TEXT NOT NULL
) STRICT;
`;
