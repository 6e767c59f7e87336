/** How the backup repositories of each host are, by its agent's word. */
export const repositories = /*sql*/ `
CREATE TABLE repository (
  host_id TEXT NOT NULL REFERENCES host (id),
  name TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  problem TEXT, -- its code
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, name)
) STRICT, WITHOUT ROWID;
`;
