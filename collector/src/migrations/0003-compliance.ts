/** What should not be so on the hosts, and how far they are as the policies want them. */
export const compliance = /*sql*/ `
-- One row for a thing and a check: it is resolved and found again in place.
CREATE TABLE finding (
  host_id TEXT NOT NULL REFERENCES host (id),
  code TEXT NOT NULL,
  subject_type TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  subject_name TEXT NOT NULL,
  owner TEXT,
  severity TEXT NOT NULL,
  policy TEXT NOT NULL,
  evidence TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  resolved_at INTEGER,
  waived_until INTEGER,
  waiver TEXT,
  PRIMARY KEY (host_id, code, subject_type, subject_id)
) STRICT;
CREATE INDEX finding_open ON finding (host_id) WHERE resolved_at IS NULL;
CREATE INDEX finding_resolved ON finding (resolved_at) WHERE resolved_at IS NOT NULL;

-- When each host was judged last, by which revision, and on what it had told by then.
CREATE TABLE judgement (
  host_id TEXT PRIMARY KEY REFERENCES host (id),
  judged_at INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  heard_at INTEGER NOT NULL,
  skipped TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How one owner's things on one host did in one check. An empty owner is nobody.
CREATE TABLE tally (
  host_id TEXT NOT NULL REFERENCES host (id),
  code TEXT NOT NULL,
  owner TEXT NOT NULL,
  severity TEXT NOT NULL,
  checked INTEGER NOT NULL,
  passed INTEGER NOT NULL,
  waived INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  PRIMARY KEY (host_id, code, owner)
) STRICT, WITHOUT ROWID;

-- The last score of each day. Days are instants: the midnight, in UTC, that they begin with.
CREATE TABLE compliance_score (
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  day INTEGER NOT NULL,
  score INTEGER,
  open INTEGER NOT NULL,
  checked INTEGER NOT NULL,
  PRIMARY KEY (scope, name, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX compliance_score_day ON compliance_score (day);
`;
