/** How far each revision of the policies has come in its rollout, and how the hosts that have it are since. */
export const rollout = /*sql*/ `
CREATE TABLE rollout (
  revision INTEGER PRIMARY KEY REFERENCES policy_revision (revision),
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'halted', 'superseded')),
  -- The last ring that may have it, counted from 0, and since when.
  ring INTEGER NOT NULL,
  ring_at INTEGER NOT NULL,
  halted_at INTEGER,
  halted_by TEXT,
  reasons TEXT NOT NULL DEFAULT '[]'
) STRICT;
INSERT INTO rollout (revision, state, ring, ring_at)
  SELECT revision, 'done', 99, pushed_at FROM policy_revision;

-- A host as it was when it went over to a revision, and what tripped there since.
CREATE TABLE rollout_host (
  revision INTEGER NOT NULL REFERENCES rollout (revision),
  host_id TEXT NOT NULL REFERENCES host (id),
  taken_at INTEGER NOT NULL,
  -- Null where its images were not known then.
  images INTEGER,
  -- Names of its containers, each with how ill it was.
  containers TEXT NOT NULL,
  tripped_before TEXT NOT NULL,
  tripped TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (revision, host_id)
) STRICT, WITHOUT ROWID;

-- The revision whose bundle introduced the key; null for a key that was trusted before there was any.
ALTER TABLE policy_key ADD COLUMN introduced_in INTEGER;
-- Whether a bundle listed it: from then on bundles say which keys are trusted.
ALTER TABLE policy_key ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;

ALTER TABLE run ADD COLUMN removed_images INTEGER NOT NULL DEFAULT 0;
CREATE INDEX run_revision ON run (revision, host_id);
`;
