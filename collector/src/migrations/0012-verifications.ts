/** Of every rung of the verification ladder what passed last and what failed last. */
export const verifications = /*sql*/ `
CREATE TABLE verification (
  host_id TEXT NOT NULL REFERENCES host (id),
  repository TEXT NOT NULL,
  dataset TEXT NOT NULL, -- empty: of the repository as a whole
  level TEXT NOT NULL,
  at INTEGER NOT NULL, -- of the later of the two
  passed_at INTEGER,
  passed TEXT,
  failed_at INTEGER,
  failed TEXT,
  PRIMARY KEY (host_id, repository, dataset, level)
) STRICT, WITHOUT ROWID;
`;
