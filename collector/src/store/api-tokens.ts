/** Tokens of people and programs. Only a hash of the secret is stored; 256 random bits need no slow one. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { ApiToken, Role } from "@shipkeeper/protocol";
import { sha256Hex, type Database } from "@shipkeeper/runtime";

/** Who asks. */
export interface Actor {
  readonly tokenId: string;
  readonly name: string;
  readonly role: Role;
}

export interface TokenToMake {
  readonly name: string;
  readonly role: Role;
  readonly createdBy: string;
  readonly expiresAt?: Instant | undefined;
}

interface TokenRow {
  id: string;
  name: string;
  role: Role;
  secret_sha256: string;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  last_used_at: number | null;
}

const TOKEN = /^skt_([0-9a-f]{16})_([0-9a-f]{64})$/;

/** The last use is told to the minute, so that reading does not turn into writing. */
const USE_NOTED_EVERY_MS = MINUTE_MS;

export function apiTokens(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO api_token (id, name, role, secret_sha256, created_at, created_by, expires_at)
    VALUES (@id, @name, @role, @secretSha256, @createdAt, @createdBy, @expiresAt)`);
  const find = db.prepare<[string], TokenRow>(/*sql*/ `SELECT * FROM api_token WHERE id = ?`);
  const list = db.prepare<[], TokenRow>(/*sql*/ `SELECT * FROM api_token ORDER BY created_at, id`);
  const used = db.prepare<[number, string]>(/*sql*/ `UPDATE api_token SET last_used_at = ? WHERE id = ?`);
  const remove = db.prepare<[string]>(/*sql*/ `DELETE FROM api_token WHERE id = ?`);

  return {
    /** The token's text is in the answer and nowhere else. */
    make({ name, role, createdBy, expiresAt }: TokenToMake, now: Instant): ApiToken & { token: string } {
      const id = randomBytes(8).toString("hex");
      const secret = randomBytes(32).toString("hex");
      const secretSha256 = sha256Hex(secret);
      insert.run({ id, name, role, secretSha256, createdAt: now, createdBy, expiresAt: expiresAt ?? null });
      return { id, name, role, createdAt: now, createdBy, expiresAt, token: `skt_${id}_${secret}` };
    },

    /** Undefined for every text that is no valid token, whatever is wrong with it. */
    actorOf(token: string, now: Instant): Actor | undefined {
      const [, id = "", secret = ""] = TOKEN.exec(token) ?? [];
      const row = find.get(id);
      if (row === undefined || !sameHash(row.secret_sha256, sha256Hex(secret))) return undefined;
      if (row.expires_at !== null && row.expires_at <= now) return undefined;
      if (now - (row.last_used_at ?? 0) >= USE_NOTED_EVERY_MS) used.run(now, id);
      return { tokenId: row.id, name: row.name, role: row.role };
    },

    list: (): ApiToken[] => list.all().map(toToken),
    remove: (id: string): boolean => remove.run(id).changes === 1,
  };
}
export type ApiTokens = ReturnType<typeof apiTokens>;

export function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function toToken(row: TokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
