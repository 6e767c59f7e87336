import type { Instant } from "@shipkeeper/kit";
import { dumpMadeSchema, ruleKey, type KnownRestorePoint } from "@shipkeeper/policy";
import { restorePointSchema, type RestorePoint } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";

interface NewestRow extends Omit<KnownRestorePoint, "rule" | "verifiedAt" | "bytes" | "dump"> {
  /** 0 where it was not measured. */
  readonly bytes: number;
  readonly verifiedAt: Instant | null;
  readonly policy: string | null;
  readonly rule: string | null;
  /** JSON. */
  readonly dump: string | null;
}

export type RestorePoints = ReturnType<typeof restorePoints>;

/** Restore points that repositories are known to hold. The repositories decide: this is what they last said. */
export function restorePoints(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO restore_point (repository, id, dataset, at, point, verified_at)
    VALUES (@repository, @id, @dataset, @at, @point, @verifiedAt)
    ON CONFLICT (repository, id) DO UPDATE SET
      dataset = @dataset, at = @at, point = @point, verified_at = coalesce(@verifiedAt, verified_at)`);
  const clear = db.prepare(/*sql*/ `DELETE FROM restore_point WHERE repository = ?`);
  const selectNewest = db.prepare<[], NewestRow>(/*sql*/ `
    SELECT repository, id, dataset, max(at) AS at, verified_at AS verifiedAt,
      point ->> 'bytes' AS bytes, point ->> 'policy' AS policy, point ->> 'rule' AS rule,
      point -> 'dump' AS dump
    FROM restore_point GROUP BY repository, dataset
    ORDER BY repository, dataset`);
  const selectOf = db.prepare<[string], { point: string }>(/*sql*/ `
    SELECT point FROM restore_point WHERE repository = ? ORDER BY at, id`);

  const insertPoint = (point: RestorePoint, verifiedAt: Instant | null): void => {
    const { repository, id, dataset, at } = point;
    insert.run({ repository, id, dataset, at, point: JSON.stringify(point), verifiedAt });
  };

  return {
    /** As it was made; whether the repository holds it as a whole, only its list tells. */
    add: (point: RestorePoint): void => insertPoint(point, null),
    /** What the repository listed at a time. What it no longer lists is gone. */
    replace: db.transaction((repository: string, points: readonly RestorePoint[], at: Instant): void => {
      clear.run(repository);
      for (const point of points) insertPoint(point, at);
    }),
    of(repository: string): RestorePoint[] {
      return selectOf.all(repository).map(({ point }) => restorePointSchema.parse(JSON.parse(point)));
    },
    /** The newest of each dataset in each repository. */
    all(): readonly KnownRestorePoint[] {
      return selectNewest.all().map(({ bytes, verifiedAt, policy, rule, dump, ...point }) => ({
        ...point,
        ...(bytes > 0 && { bytes }),
        ...(policy !== null && rule !== null && { rule: ruleKey(policy, rule) }),
        ...(dump !== null && { dump: dumpMadeSchema.parse(JSON.parse(dump)) }),
        ...(verifiedAt !== null && { verifiedAt }),
      }));
    },
  };
}
