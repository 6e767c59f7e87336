/** Receipts of test restores, as their hosts signed them. */
export const drills = /*sql*/ `
CREATE TABLE drill (
  host_id TEXT NOT NULL REFERENCES host (id),
  id TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  dataset TEXT NOT NULL,
  repository TEXT NOT NULL,
  passed INTEGER NOT NULL,
  rto_ms INTEGER,
  rpo_ms INTEGER,
  payload TEXT NOT NULL,
  public_key TEXT NOT NULL,
  signature TEXT NOT NULL,
  PRIMARY KEY (host_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX drill_time ON drill (requested_at);
CREATE INDEX drill_dataset ON drill (host_id, dataset, requested_at);
`;
