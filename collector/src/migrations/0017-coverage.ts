/** What of each host can be restored, by what its policies say. */
export const coverage = /*sql*/ `
CREATE TABLE coverage (
  host_id TEXT NOT NULL REFERENCES host (id),
  dataset TEXT NOT NULL,
  state TEXT NOT NULL,
  owner TEXT,
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, dataset)
) STRICT, WITHOUT ROWID;
CREATE INDEX coverage_state ON coverage (state, dataset);
`;
