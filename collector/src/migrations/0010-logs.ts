/** What watching logs told last of each container, and what it came to hour by hour. */
export const logs = /*sql*/ `
CREATE TABLE watched_log (
  host_id TEXT NOT NULL REFERENCES host (id),
  container_id TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  bytes_per_minute INTEGER NOT NULL,
  bursts INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, container_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_hour (
  host_id TEXT NOT NULL REFERENCES host (id),
  container_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  -- When the agent began to watch: with another beginning its counts of the hour begin anew.
  watched_since INTEGER NOT NULL,
  name TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  matches TEXT NOT NULL,
  PRIMARY KEY (host_id, container_id, hour, watched_since)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_hour_age ON log_hour (hour);
`;
