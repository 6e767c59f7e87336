import type { Instant } from "@shipkeeper/kit";
import type { Database } from "@shipkeeper/runtime";

export type RegistryMemory = ReturnType<typeof registryMemory>;

/** One repository of one registry, by the address that image names begin with. */
export interface RegistryPlace {
  readonly registry: string;
  readonly repository: string;
}

/** A whole look at a repository. */
export interface SeenRepository {
  readonly digestByTag: ReadonlyMap<string, string>;
  /** Everything that was found, and of it what a tag leads to, directly or as part of an index. */
  readonly found: ReadonlySet<string>;
  readonly reached: ReadonlySet<string>;
}

/**
 * What a registry does not tell: since when a tag leads where it leads, and what is left without one. This agent's eyes
 * are what counts: a memory that was lost makes everything young again.
 */
export function registryMemory(db: Database) {
  const selectKnown = db
    .prepare<[RegistryPlace], string>(
      /*sql*/ `SELECT digest FROM registry_manifest WHERE registry = @registry AND repository = @repository`,
    )
    .pluck();
  const tag = db.prepare(/*sql*/ `
    INSERT INTO registry_tag (registry, repository, tag, digest, since)
    VALUES (@registry, @repository, @tag, @digest, @at)
    ON CONFLICT (registry, repository, tag) DO UPDATE SET digest = @digest, since = @at WHERE digest <> @digest`);
  const untag = db.prepare(/*sql*/ `
    DELETE FROM registry_tag WHERE registry = @registry AND repository = @repository
      AND tag NOT IN (SELECT value FROM json_each(@tags))`);
  const note = db.prepare(/*sql*/ `
    INSERT INTO registry_manifest (registry, repository, digest, untagged_since)
    VALUES (@registry, @repository, @digest, iif(@reached, NULL, @at))
    ON CONFLICT (registry, repository, digest) DO UPDATE SET
      untagged_since = iif(@reached, NULL, coalesce(untagged_since, @at))`);
  const forget = db.prepare(/*sql*/ `
    DELETE FROM registry_manifest WHERE registry = @registry AND repository = @repository
      AND digest NOT IN (SELECT value FROM json_each(@digests))`);
  const selectSince = db.prepare<[RegistryPlace], { digest: string; since: Instant }>(/*sql*/ `
    SELECT digest, max(since) AS since FROM registry_tag
    WHERE registry = @registry AND repository = @repository GROUP BY digest
    UNION ALL
    SELECT digest, untagged_since FROM registry_manifest
    WHERE registry = @registry AND repository = @repository AND untagged_since IS NOT NULL`);
  const forgetOthers = ["registry_tag", "registry_manifest"].map((table) =>
    db.prepare(/*sql*/ `
      DELETE FROM ${table} WHERE registry = @registry
        AND repository NOT IN (SELECT value FROM json_each(@repositories))`),
  );

  return {
    /** What was there when it was last looked at. A registry does not list what has no tag. */
    known: (place: RegistryPlace): string[] => selectKnown.all(place),

    /** Digest → when this agent first saw its youngest tag lead to it; without a tag, since when none does. */
    remember: db.transaction(
      (place: RegistryPlace, seen: SeenRepository, at: Instant): ReadonlyMap<string, Instant> => {
        const { digestByTag, found, reached } = seen;
        for (const [name, digest] of digestByTag) tag.run({ ...place, tag: name, digest, at });
        untag.run({ ...place, tags: JSON.stringify([...digestByTag.keys()]) });
        for (const digest of found) note.run({ ...place, digest, reached: reached.has(digest) ? 1 : 0, at });
        forget.run({ ...place, digests: JSON.stringify([...found]) });
        return new Map(selectSince.all(place).map(({ digest, since }) => [digest, since]));
      },
    ),

    /** After a whole list of repositories: the others are gone. */
    keepOnly(registry: string, repositories: readonly string[]): void {
      const given = { registry, repositories: JSON.stringify(repositories) };
      for (const statement of forgetOthers) statement.run(given);
    },
  };
}
