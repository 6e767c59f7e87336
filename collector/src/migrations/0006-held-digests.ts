/** What hosts hold and held, by the digests that registries know. */
export const heldDigests = /*sql*/ `
CREATE TABLE held_digest (
  host_id TEXT NOT NULL REFERENCES host (id),
  digest TEXT NOT NULL,
  -- The host's own time of the newest list that had it, to tell what its last list still has.
  seen_at INTEGER NOT NULL,
  -- The collector's time of the same: a host's wrong clock must not make it look long gone.
  last_at INTEGER NOT NULL,
  PRIMARY KEY (host_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_digest_age ON held_digest (last_at);
`;
