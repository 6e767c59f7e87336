/** What fell ill on the hosts, as the agents told it last, and what people must know of. */
export const incidents = /*sql*/ `
CREATE TABLE incident (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  -- Of its last change: a telling that is older changes nothing.
  at INTEGER NOT NULL,
  identity TEXT NOT NULL,
  container_id TEXT,
  name TEXT,
  image TEXT,
  image_id TEXT,
  owner TEXT,
  detected_at INTEGER NOT NULL,
  closed_at INTEGER,
  ended TEXT,
  handed_over_at INTEGER,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, id)
) STRICT;
CREATE INDEX incident_detected ON incident (detected_at);
CREATE INDEX incident_open ON incident (host_id) WHERE closed_at IS NULL;
CREATE INDEX incident_closed ON incident (closed_at) WHERE closed_at IS NOT NULL;

-- One row for a condition: while it lasts, and where it comes back soon after its end.
CREATE TABLE alert (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL,
  host_id TEXT REFERENCES host (id),
  owner TEXT,
  subject TEXT NOT NULL,
  title TEXT NOT NULL,
  why TEXT NOT NULL,
  incident_id TEXT,
  opened_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by TEXT,
  note TEXT,
  resolved_at INTEGER,
  count INTEGER NOT NULL,
  -- As how severe it was mailed, and whether that nobody took it in time was.
  mailed_as TEXT,
  mailed_overdue INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX alert_open ON alert (key) WHERE resolved_at IS NULL;
CREATE INDEX alert_resolved ON alert (resolved_at) WHERE resolved_at IS NOT NULL;
`;
