/** What was agreed for each dataset, and the instants at which that is kept no more. */
export const objectives = /*sql*/ `
CREATE TABLE objective (
  host_id TEXT NOT NULL REFERENCES host (id),
  rule TEXT NOT NULL,
  dataset TEXT NOT NULL,
  owner TEXT,
  severity TEXT, -- by the dataset's own label
  since INTEGER NOT NULL, -- when it was first asked for
  -- The first instants of each state; the worst that has come counts.
  risk_from INTEGER NOT NULL,
  unknown_from INTEGER NOT NULL,
  broken_from INTEGER NOT NULL,
  alert_from INTEGER NOT NULL, -- the first at which people must know of the data's age
  body TEXT NOT NULL,
  PRIMARY KEY (host_id, rule, dataset)
) STRICT, WITHOUT ROWID;
CREATE INDEX objective_broken ON objective (broken_from, host_id, rule, dataset);
CREATE INDEX objective_alert ON objective (alert_from);
CREATE INDEX verification_failed ON verification (failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX repository_problem ON repository (problem) WHERE problem IS NOT NULL;
CREATE INDEX objective_owner ON objective (owner, broken_from);
`;
