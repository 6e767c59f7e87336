import { randomBytes } from "node:crypto";
import type { Instant } from "@shipkeeper/kit";
import type { HostId, HostLabels } from "@shipkeeper/model";
import type { EnrollmentTokenMade } from "@shipkeeper/protocol";
import { sha256Hex, type Database } from "@shipkeeper/runtime";
import { sameHash } from "./api-tokens.ts";
import { fromJson } from "./database.ts";
import type { Json } from "./tables.ts";

/** A token as enrolment sees it: what it grants, and whether it was used. */
export interface EnrollmentGrant {
  readonly labels: HostLabels;
  readonly expiresAt: Instant;
  readonly used: { readonly at: Instant; readonly by: HostId } | undefined;
}

interface Row {
  secret_sha256: string;
  labels: Json<HostLabels>;
  expires_at: number;
  used_at: number | null;
  used_by: HostId | null;
}

export function enrollmentTokens(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO enrollment_token (id, secret_sha256, labels, created_at, created_by, expires_at)
    VALUES (@id, @secretSha256, @labels, @createdAt, @createdBy, @expiresAt)`);
  const find = db.prepare<[string], Row>(/*sql*/ `
    SELECT secret_sha256, labels, expires_at, used_at, used_by FROM enrollment_token WHERE id = ?`);
  const redeem = db.prepare(/*sql*/ `
    UPDATE enrollment_token SET used_at = @now, used_by = @hostId
    WHERE id = @id AND used_at IS NULL AND expires_at > @now`);

  return {
    /** The secret is in the answer and nowhere else. */
    make(
      token: { labels: HostLabels; createdBy: string; expiresAt: Instant },
      now: Instant,
    ): EnrollmentTokenMade {
      const id = randomBytes(8).toString("hex");
      const secret = randomBytes(32).toString("hex");
      insert.run({
        ...token,
        id,
        secretSha256: sha256Hex(secret),
        labels: JSON.stringify(token.labels),
        createdAt: now,
      });
      return { id, secret, expiresAt: token.expiresAt };
    },

    /** Undefined for an unknown id and for a wrong secret alike. */
    find(id: string, secret: string): EnrollmentGrant | undefined {
      const row = find.get(id);
      if (row === undefined || !sameHash(row.secret_sha256, sha256Hex(secret))) return undefined;
      const used =
        row.used_at === null || row.used_by === null ? undefined : { at: row.used_at, by: row.used_by };
      return { labels: fromJson(row.labels), expiresAt: row.expires_at, used };
    },

    /** True for exactly one caller in a token's life. */
    redeem: (id: string, hostId: HostId, now: Instant): boolean =>
      redeem.run({ id, hostId, now }).changes === 1,
  };
}
