import type {
  ApiDrill,
  ApiDrillDetail,
  DrillReceipt,
  DrillsQuery,
  Page,
  SignedDrillReceipt,
} from "@shipkeeper/protocol";
import { keyFingerprint } from "@shipkeeper/runtime";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";
import type { Json } from "./tables.ts";

/** Receipts of test restores, each exactly as its host signed it. */
export function drills({ db, read }: StoreDatabase) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO drill (host_id, id, requested_at, dataset, repository, passed, rto_ms, rpo_ms, payload, public_key, signature)
    VALUES (@hostId, @id, @requestedAt, @dataset, @repository, @passed, @rtoMs, @rpoMs, @payload, @publicKey, @signature)
    ON CONFLICT (host_id, id) DO NOTHING`);

  const select = () =>
    read
      .selectFrom("drill")
      .innerJoin("host", "host.id", "drill.host_id")
      .select(["host.hostname", "drill.payload"]);

  return {
    /** The first receipt of an id stays: a drill has one. */
    record(receipt: DrillReceipt, signed: SignedDrillReceipt): void {
      const { hostId, id, requestedAt, dataset, repository, passed, rtoMs = null, rpoMs = null } = receipt;
      const row = { hostId, id, requestedAt, dataset, repository, rtoMs, rpoMs };
      insert.run({ ...row, passed: passed ? 1 : 0, ...signed });
    },

    list(request: DrillsQuery): Promise<Page<ApiDrill>> {
      const { host, dataset, repository, passed, from, to } = request;
      const query = select()
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(dataset !== undefined, (q) =>
          q.where(
            sql<boolean>`${dataset} IN (drill.dataset, substr(drill.dataset, instr(drill.dataset, ':') + 1))`,
          ),
        )
        .$if(repository !== undefined, (q) => q.where("drill.repository", "=", repository ?? ""))
        .$if(passed !== undefined, (q) => q.where("drill.passed", "=", passed === true ? 1 : 0))
        .$if(from !== undefined, (q) => q.where("drill.requested_at", ">=", from ?? 0))
        .$if(to !== undefined, (q) => q.where("drill.requested_at", "<=", to ?? 0));
      const order = {
        by: {
          requestedAt: sql`drill.requested_at`,
          rtoMs: sql`coalesce(drill.rto_ms, -1)`,
          rpoMs: sql`coalesce(drill.rpo_ms, -1)`,
        },
        key: sql`drill.host_id || drill.id`,
      };
      return readPage(query, request, order, toDrill);
    },

    async find(id: string): Promise<ApiDrillDetail | undefined> {
      const row = await select()
        .select(["drill.public_key", "drill.signature"])
        .where("drill.id", "=", id)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { payload, public_key: publicKey, signature } = row;
      return {
        ...toDrill(row),
        receipt: { payload, publicKey, signature },
        publicKeyFingerprint: keyFingerprint(publicKey),
      };
    },

    /** The newest of each dataset of each host that is still believed. */
    async newest(): Promise<ApiDrill[]> {
      const rows = await select()
        .where("host.revoked_at", "is", null)
        .where(
          sql<boolean>`drill.requested_at = (SELECT max(other.requested_at) FROM drill AS other
            WHERE other.host_id = drill.host_id AND other.dataset = drill.dataset)`,
        )
        .execute();
      return rows.map(toDrill);
    },
  };
}

function toDrill({ hostname, payload }: { hostname: string; payload: Json<DrillReceipt> }): ApiDrill {
  const { format: _, ...receipt } = fromJson(payload);
  return { host: hostname, ...receipt };
}
