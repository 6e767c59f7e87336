/** What fell ill on the hosts, as the agents told it last. */
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
`;
