/** What showed that backups are good, or are not: of each rung what passed last and what failed last. */
import type { HostId } from "@shipkeeper/model";
import { everyByteReadSince, shareRead, sweepOf, type Proof, type ProofLevel } from "@shipkeeper/policy";
import type { ApiVerification, Page, VerificationsQuery } from "@shipkeeper/protocol";
import { sql, type Selectable } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";
import type { Json, Tables } from "./tables.ts";

type Row = Selectable<Tables["verification"]>;

export function verifications({ db, read }: StoreDatabase) {
  const put = (which: "passed" | "failed") =>
    db.prepare(/*sql*/ `
      INSERT INTO verification (host_id, repository, dataset, level, at, ${which}_at, ${which})
      VALUES (@hostId, @repository, @dataset, @level, @at, @at, @body)
      ON CONFLICT (host_id, repository, dataset, level) DO UPDATE SET
        at = max(at, excluded.at), ${which}_at = excluded.${which}_at, ${which} = excluded.${which}
      WHERE ${which}_at IS NULL OR excluded.${which}_at > ${which}_at`);
  const putPassed = put("passed");
  const putFailed = put("failed");
  const selectAll = db.prepare<[], Pick<Row, "host_id" | "passed" | "failed">>(/*sql*/ `
    SELECT host_id, passed, failed FROM verification ORDER BY host_id, repository, dataset, level`);
  const selectOf = db.prepare<[string], Pick<Row, "passed" | "failed">>(/*sql*/ `
    SELECT passed, failed FROM verification WHERE host_id = ? ORDER BY repository, dataset, level`);

  // A proof is something new to judge the host by.
  const noteProof = db.prepare(/*sql*/ `
    INSERT INTO listing (host_id, section, whole_at, seen_at) VALUES (@hostId, 'proofs', @at, @at)
    ON CONFLICT (host_id, section) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)`);

  return {
    record(hostId: HostId, proof: Proof): void {
      const { repository, dataset = "", level, at, passed } = proof;
      const row = { hostId, repository, dataset, level, at, body: JSON.stringify(proof) };
      (passed ? putPassed : putFailed).run(row);
      noteProof.run({ hostId, at });
    },

    /** A host's, for `ladderOf`. */
    of: (hostId: HostId): Proof[] => selectOf.all(hostId).flatMap(proofsIn),

    /** Of all hosts. */
    all(): ReadonlyMap<HostId, readonly Proof[]> {
      const byHost = Map.groupBy(selectAll.all(), ({ host_id: hostId }) => hostId as HostId);
      return new Map(Array.from(byHost, ([hostId, rows]) => [hostId, rows.flatMap(proofsIn)]));
    },

    list(request: VerificationsQuery): Promise<Page<ApiVerification>> {
      const { host, repository, dataset, level, failed } = request;
      const isBad = sql<number>`(verification.failed_at >= coalesce(verification.passed_at, 0)) IS TRUE`;
      const query = read
        .selectFrom("verification")
        .innerJoin("host", "host.id", "verification.host_id")
        .selectAll("verification")
        .select("host.hostname")
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(repository !== undefined, (q) => q.where("verification.repository", "=", repository ?? ""))
        .$if(dataset !== undefined, (q) => q.where("verification.dataset", "=", dataset ?? ""))
        .$if(level !== undefined, (q) => q.where("verification.level", "=", level ?? ""))
        .$if(failed !== undefined, (q) => q.where(isBad, "=", Number(failed)));
      const order = {
        by: { at: sql`verification.at`, repository: sql`verification.repository` },
        key: sql`concat_ws(char(10), verification.host_id, verification.repository, verification.dataset, verification.level)`,
      };
      return readPage(query, request, order, toVerification);
    },
  };
}

function proofsIn({ passed, failed }: { passed: Json<Proof> | null; failed: Json<Proof> | null }): Proof[] {
  return [passed, failed].flatMap((body) => (body === null ? [] : [fromJson(body)]));
}

function toVerification(row: Row & { hostname: string }): ApiVerification {
  const { host_id: hostId, hostname: host, repository, dataset, level, at } = row;
  const passed = row.passed === null ? undefined : fromJson(row.passed);
  const failed = row.failed === null ? undefined : fromJson(row.failed);
  const stands = passed !== undefined && (failed === undefined || passed.at > failed.at);
  const newest = stands ? passed : failed;
  return {
    hostId,
    host,
    repository,
    ...(dataset !== "" && { dataset }),
    level: level as ProofLevel,
    at,
    passed: stands,
    ...(passed !== undefined && { passedAt: passed.at }),
    ...(failed !== undefined && { failedAt: failed.at }),
    ...(newest?.message !== undefined && { message: newest.message }),
    ...(newest?.restorePoint !== undefined && { restorePoint: newest.restorePoint }),
    ...(level === "bytes" && newest !== undefined && bytesRead(newest)),
  };
}

function bytesRead(proof: Proof): Pick<ApiVerification, "everyByteReadSince" | "shareRead"> {
  const since = everyByteReadSince(proof);
  return {
    ...(since !== undefined && { everyByteReadSince: since }),
    shareRead: shareRead(sweepOf(proof)),
  };
}
