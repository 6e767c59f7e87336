import type { Migration } from "@shipkeeper/runtime";

/** Grows at its end only: each text is the step from one released schema to the next. Times are milliseconds. */
export const MIGRATIONS: readonly Migration[] = [
  /*sql*/ `
  CREATE TABLE birth (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;

  CREATE TABLE image (
    id TEXT PRIMARY KEY,
    tags TEXT NOT NULL, -- sorted JSON array, to see that a tag is new
    first_seen_at INTEGER NOT NULL,
    last_used_at INTEGER,
    last_tagged_at INTEGER
  ) STRICT;

  CREATE TABLE sick_container (id TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT;

  CREATE TABLE restart_attempt (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL,
    container_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('pending', 'healed', 'failed'))
  ) STRICT;

  CREATE TABLE restore_point (
    repository TEXT NOT NULL,
    id TEXT NOT NULL,
    volume TEXT NOT NULL,
    at INTEGER NOT NULL,
    point TEXT NOT NULL,
    PRIMARY KEY (repository, id)
  ) STRICT;

  CREATE TABLE rule_run (rule_key TEXT PRIMARY KEY, last_run_at INTEGER NOT NULL) STRICT;

  CREATE TABLE run (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished TEXT, -- the entry that tells its end; null while it is open
    reported INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE step (
    run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    target_type TEXT NOT NULL,
    decision TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    status TEXT, -- null: intended, and how it ended is not known yet
    outcome TEXT,
    PRIMARY KEY (run_id, position)
  ) STRICT;
  CREATE INDEX step_by_start ON step (started_at);
  `,

  /*sql*/ `
  CREATE TABLE expiry (
    rule TEXT NOT NULL,
    container_id TEXT NOT NULL,
    born_at INTEGER NOT NULL,
    announced_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    run_id TEXT NOT NULL, -- the run that announced it, or the last one that stopped it
    stopped_at INTEGER, -- null: announced only
    finished_at INTEGER, -- the end of its process by the engine's word, where it was stopped
    PRIMARY KEY (rule, container_id)
  ) STRICT;
  `,

  /*sql*/ `
  ALTER TABLE run ADD COLUMN rule_key TEXT NOT NULL DEFAULT '';

  CREATE TABLE past_image (
    identity TEXT NOT NULL,
    image_id TEXT NOT NULL,
    last_ran_at INTEGER NOT NULL,
    PRIMARY KEY (identity, image_id)
  ) STRICT;
  `,

  /*sql*/ `
  -- Where each tag of a registry leads, and since when, as far as this agent saw it.
  CREATE TABLE registry_tag (
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (registry, repository, tag)
  ) STRICT, WITHOUT ROWID;

  -- What a tag led to once, directly or as part of an index; null while one does.
  CREATE TABLE registry_manifest (
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    untagged_since INTEGER,
    PRIMARY KEY (registry, repository, digest)
  ) STRICT, WITHOUT ROWID;

  -- The collector's last list of what the fleet holds, the longest of each day, and all that any list ever had.
  CREATE TABLE fleet_list (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL,
    etag TEXT NOT NULL,
    count INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE fleet_list_size (day INTEGER PRIMARY KEY, most INTEGER NOT NULL) STRICT;
  CREATE TABLE fleet_digest (
    digest TEXT PRIMARY KEY,
    used_at INTEGER NOT NULL,
    held INTEGER NOT NULL -- in the last list, as of some host's last word
  ) STRICT, WITHOUT ROWID;
  `,

  /*sql*/ `
  CREATE TABLE orphan (
    kind TEXT NOT NULL CHECK (kind IN ('volumes', 'networks')),
    id TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT;

  ALTER TABLE restore_point ADD COLUMN verified_at INTEGER; -- when its repository last listed it
  `,

  /*sql*/ `
  -- Deaths of a container and what people did to it, as JSON.
  CREATE TABLE container_life (id TEXT PRIMARY KEY, life TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- Pauses of healing whose beginning was told, so that each is told once, and its end, too.
  CREATE TABLE told_pause (key TEXT PRIMARY KEY, pause TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,

  /*sql*/ `
  ALTER TABLE restart_attempt ADD COLUMN rung TEXT NOT NULL DEFAULT 'restart';
  ALTER TABLE restart_attempt ADD COLUMN sign TEXT;
  ALTER TABLE restart_attempt ADD COLUMN image_id TEXT;
  ALTER TABLE restart_attempt ADD COLUMN why TEXT;
  `,

  /*sql*/ `
  -- What was told last of the availability of each identity, and the stretch of time that was watched last.
  CREATE TABLE told_availability (identity TEXT PRIMARY KEY, change TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE last_watch (key TEXT PRIMARY KEY, span TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,

  /*sql*/ `
  CREATE TABLE incident (
    id TEXT PRIMARY KEY,
    closed_at INTEGER, -- null while it is open
    body TEXT NOT NULL,
    told INTEGER NOT NULL -- 0: as it stands, it is not yet on its way to the collector
  ) STRICT;
  `,

  /*sql*/ `
  -- Restore points are of datasets; those of volumes were the first.
  ALTER TABLE restore_point RENAME COLUMN volume TO dataset;
  UPDATE restore_point SET
    dataset = 'volume:' || dataset,
    point = json_remove(json_set(point, '$.dataset', 'volume:' || dataset), '$.volume');

  CREATE TABLE proof (
    repository TEXT NOT NULL,
    dataset TEXT NOT NULL, -- empty: of the repository as a whole
    level TEXT NOT NULL,
    passed INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (repository, dataset, level, passed)
  ) STRICT;
  `,

  /*sql*/ `
  -- Containers that the agent paused or stopped for a while, one row each: open until it runs again.
  CREATE TABLE quiesced (
    container_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    run_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('pause', 'stop')),
    started_at INTEGER NOT NULL,
    stop_timeout_ms INTEGER NOT NULL,
    ordered_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  `,

  /*sql*/ `
  -- How each backup repository is, by how its uses ended.
  CREATE TABLE repository_health (name TEXT PRIMARY KEY, health TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,

  /*sql*/ `
  -- What is remembered of a dataset as it was when it was backed up: a drill is held against it.
  CREATE TABLE file_sample (
    dataset TEXT NOT NULL,
    at INTEGER NOT NULL,
    files INTEGER NOT NULL,
    sample TEXT NOT NULL,
    PRIMARY KEY (dataset, at)
  ) STRICT, WITHOUT ROWID;
  `,

  /*sql*/ `
  -- Orders that were taken, so that none is taken twice; open until their end was told.
  CREATE TABLE taken_order (
    id TEXT PRIMARY KEY,
    taken_at INTEGER NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  `,
];
