/** The keys whose signatures the collector takes policies by. */
import type { Instant } from "@shipkeeper/kit";
import type { Database } from "@shipkeeper/runtime";

export function policyKeys(db: Database) {
  const trusted = db.prepare<[], string>(/*sql*/ `SELECT fingerprint FROM policy_key`).pluck();
  const listed = db.prepare<[], string>(/*sql*/ `SELECT fingerprint FROM policy_key WHERE listed`).pluck();
  const introducedIn = db
    .prepare<[string], number | null>(/*sql*/ `SELECT introduced_in FROM policy_key WHERE fingerprint = ?`)
    .pluck();
  const trust = db.prepare<[string, number, string]>(/*sql*/ `
    INSERT INTO policy_key (fingerprint, trusted_at, trusted_by) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);
  const list = db.prepare(/*sql*/ `
    INSERT INTO policy_key (fingerprint, trusted_at, trusted_by, introduced_in, listed)
    VALUES (@fingerprint, @at, @by, @introducedIn, 1) ON CONFLICT DO UPDATE SET listed = 1`);
  const retire = db.prepare<[string]>(/*sql*/ `
    DELETE FROM policy_key WHERE fingerprint NOT IN (SELECT value FROM json_each(?))`);

  return {
    /** Fingerprints of the keys that may sign pushes. */
    trustedKeys: (): string[] => trusted.all(),
    /** Those of them that a bundle listed; empty as long as no bundle said which keys are trusted. */
    listedKeys: (): string[] => listed.all(),
    /** The revision that introduced the key; undefined where it was trusted before there was any. */
    introducedIn: (fingerprint: string): number | undefined => introducedIn.get(fingerprint) ?? undefined,

    trustKey: (fingerprint: string, at: Instant, by: string): void => void trust.run(fingerprint, at, by),

    /** These keys and no others, as the bundle of a revision says that `signer` signed. */
    listKeys(
      fingerprints: readonly string[],
      { revision, signer, at, by }: { revision: number; signer: string; at: Instant; by: string },
    ): void {
      for (const fingerprint of fingerprints) {
        list.run({ fingerprint, at, by, introducedIn: fingerprint === signer ? null : revision });
      }
      retire.run(JSON.stringify(fingerprints));
    },
  };
}
