import { proofSchema, type Proof } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";

export type Proofs = ReturnType<typeof proofs>;

/** What showed that backups are good, or are not: the newest that passed and the newest that failed, of each thing and level. */
export function proofs(db: Database) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO proof (repository, dataset, level, passed, at, body)
    VALUES (@repository, @dataset, @level, @passed, @at, @body)
    ON CONFLICT (repository, dataset, level, passed) DO UPDATE SET at = excluded.at, body = excluded.body
    WHERE excluded.at >= at`);
  const selectAll = db.prepare<[], { body: string }>(/*sql*/ `
    SELECT body FROM proof ORDER BY repository, dataset, level, passed`);

  return {
    put(proof: Proof): void {
      const { repository, dataset = "", level, passed, at } = proof;
      put.run({ repository, dataset, level, passed: Number(passed), at, body: JSON.stringify(proof) });
    },
    all(): readonly Proof[] {
      return selectAll.all().map(({ body }) => proofSchema.parse(JSON.parse(body)));
    },
  };
}
