import type { Instant } from "@shipkeeper/kit";
import { policyBundleSchema, type PolicyBundle } from "@shipkeeper/policy";
import type {
  ApiPolicyDetail,
  ApiPolicyRevision,
  Page,
  PoliciesQuery,
  SignedBundle,
} from "@shipkeeper/protocol";
import { keyFingerprint } from "@shipkeeper/runtime";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { readPage } from "./page.ts";

export interface PolicyInForce {
  readonly signed: SignedBundle;
  readonly bundle: PolicyBundle;
}

interface SignedRow {
  payload: string;
  public_key: string;
  signature: string;
}

export function policies({ db, read }: StoreDatabase) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO policy_revision
      (revision, payload, public_key, signature, key_fingerprint, names, issued_at, expires_at, pushed_at, pushed_by)
    VALUES
      (@revision, @payload, @publicKey, @signature, @fingerprint, @names, @issuedAt, @expiresAt, @pushedAt, @pushedBy)`);
  const newest = db.prepare<[], SignedRow>(/*sql*/ `
    SELECT payload, public_key, signature FROM policy_revision ORDER BY revision DESC LIMIT 1`);
  const newestRevision = db
    .prepare<[], number>(/*sql*/ `SELECT revision FROM policy_revision ORDER BY revision DESC LIMIT 1`)
    .pluck();
  const trustedKeys = db.prepare<[], string>(/*sql*/ `SELECT fingerprint FROM policy_key`).pluck();
  const trust = db.prepare<[string, number, string]>(/*sql*/ `
    INSERT INTO policy_key (fingerprint, trusted_at, trusted_by) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`);

  // Kept decoded, and only as long as it is the newest on disk: a push that was rolled back leaves no trace here.
  let newestKnown: PolicyInForce | undefined;

  function inForce(): PolicyInForce | undefined {
    if (newestRevision.get() !== newestKnown?.bundle.revision) {
      const row = newest.get();
      newestKnown = row === undefined ? undefined : { signed: toSigned(row), bundle: toBundle(row) };
    }
    return newestKnown;
  }

  const select = () =>
    read
      .selectFrom("policy_revision")
      .selectAll("policy_revision")
      .select(
        sql<number>`(SELECT count(*) FROM host WHERE host.policy_revision = policy_revision.revision)`.as(
          "hosts",
        ),
      );
  type Row = Awaited<ReturnType<ReturnType<typeof select>["executeTakeFirstOrThrow"]>>;

  const toRevision = (row: Row): ApiPolicyRevision => ({
    revision: row.revision,
    policies: fromJson(row.names),
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    pushedAt: row.pushed_at,
    pushedBy: row.pushed_by,
    keyFingerprint: row.key_fingerprint,
    current: row.revision === inForce()?.bundle.revision,
    hosts: row.hosts,
  });

  return {
    /** The newest revision: what agents get. */
    inForce,

    add(signed: SignedBundle, bundle: PolicyBundle, pushed: { at: Instant; by: string }): void {
      insert.run({
        ...signed,
        revision: bundle.revision,
        fingerprint: keyFingerprint(signed.publicKey),
        names: JSON.stringify(bundle.policies.map((policy) => policy.name)),
        issuedAt: bundle.issuedAt,
        expiresAt: bundle.expiresAt,
        pushedAt: pushed.at,
        pushedBy: pushed.by,
      });
    },

    /** Fingerprints of the keys that may sign pushes. */
    trustedKeys: (): string[] => trustedKeys.all(),
    trustKey: (fingerprint: string, at: Instant, by: string): void => void trust.run(fingerprint, at, by),

    list(request: PoliciesQuery): Promise<Page<ApiPolicyRevision>> {
      const revision = sql`policy_revision.revision`;
      return readPage(select(), request, { by: { revision }, key: revision }, toRevision);
    },

    async find(revision: number): Promise<ApiPolicyDetail | undefined> {
      const row = await select().where("policy_revision.revision", "=", revision).executeTakeFirst();
      if (row === undefined) return undefined;
      return { ...toRevision(row), bundle: toBundle(row), signed: toSigned(row) };
    },
  };
}
export type Policies = ReturnType<typeof policies>;

function toSigned({ payload, public_key: publicKey, signature }: SignedRow): SignedBundle {
  return { payload, publicKey, signature };
}

/** Its signature was checked before it was stored. */
function toBundle({ payload }: SignedRow): PolicyBundle {
  return policyBundleSchema.parse(JSON.parse(payload));
}
