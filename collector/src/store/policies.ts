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
import { fromJson, fromJsonOr, type StoreDatabase } from "./database.ts";
import { readPage } from "./page.ts";
import { policyKeys } from "./policy-keys.ts";
import type { Json } from "./tables.ts";

export interface PolicyInForce {
  readonly signed: SignedBundle;
  readonly bundle: PolicyBundle;
}

/** So many revisions are kept decoded: polls ask for the newest ones all the time. */
const MOST_KNOWN = 8;

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
  const signedOf = db.prepare<[number], SignedRow>(/*sql*/ `
    SELECT payload, public_key, signature FROM policy_revision WHERE revision = ?`);
  const newestRevision = db
    .prepare<[], number>(/*sql*/ `SELECT revision FROM policy_revision ORDER BY revision DESC LIMIT 1`)
    .pluck();
  const revisionInForce = db
    .prepare<[], number>(
      /*sql*/ `SELECT revision FROM rollout WHERE state <> 'halted' ORDER BY revision DESC LIMIT 1`,
    )
    .pluck();

  // A revision never changes; one whose push was rolled back is asked for by nobody until its number is taken again.
  const known = new Map<number, PolicyInForce>();

  function bundleOf(revision: number): PolicyInForce | undefined {
    const row = signedOf.get(revision);
    const kept = known.get(revision);
    if (kept?.signed.signature === row?.signature) return kept;
    known.delete(revision);
    if (row === undefined) return undefined;
    const decoded = { signed: toSigned(row), bundle: toBundle(row) };
    for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - MOST_KNOWN + 1)))
      known.delete(oldest);
    known.set(revision, decoded);
    return decoded;
  }

  function inForce(): PolicyInForce | undefined {
    const revision = revisionInForce.get();
    return revision === undefined ? undefined : bundleOf(revision);
  }

  const select = () =>
    read
      .selectFrom("policy_revision")
      .innerJoin("rollout", "rollout.revision", "policy_revision.revision")
      .select(["rollout.state", sql<Json<string[]> | null>`payload -> '$.keys'`.as("keys")])
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
    keys: fromJsonOr(row.keys, undefined),
    current: row.revision === revisionInForce.get(),
    rolloutState: row.state,
    hosts: row.hosts,
  });

  return {
    /** The newest revision that was not halted. */
    inForce,
    /** The revision as it was pushed. */
    bundleOf,
    /** 0 where none was pushed. */
    newestRevision: (): number => newestRevision.get() ?? 0,

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

    ...policyKeys(db),

    list(request: PoliciesQuery): Promise<Page<ApiPolicyRevision>> {
      const revision = sql`policy_revision.revision`;
      return readPage(select(), request, { by: { revision }, key: revision }, toRevision);
    },

    /** All of it but its rollout, which has to be judged. */
    async find(revision: number): Promise<Omit<ApiPolicyDetail, "rollout"> | undefined> {
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
