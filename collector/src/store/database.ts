/** The collector's one SQLite file, seen twice: hand-written statements for what must be fast, Kysely for reading. */
import { openDatabase, type Database } from "@shipkeeper/runtime";
import { Kysely, SqliteDialect } from "kysely";
import { migrations } from "../migrations/index.ts";
import type { Json, Tables } from "./tables.ts";

export interface StoreDatabase {
  /** Synchronous: whatever runs here between `BEGIN` and `COMMIT` runs alone. */
  readonly db: Database;
  /** Asynchronous and read-only by custom: nothing writes through it. */
  readonly read: Kysely<Tables>;
}

export function openStoreDatabase(file: string): StoreDatabase {
  const db = openDatabase(file, migrations);
  return { db, read: new Kysely<Tables>({ dialect: new SqliteDialect({ database: db }) }) };
}

/**
 * The value of a JSON column. It is believed to be what the column says, because nothing else writes there; whatever
 * leaves by the API passes the schema of its answer once more.
 */
export function fromJson<T>(text: Json<T>): T {
  return JSON.parse(text) as T;
}

/** The same for a column that may be empty. */
export function fromJsonOr<T, Fallback>(text: Json<T> | null, fallback: Fallback): T | Fallback {
  return text === null ? fallback : fromJson(text);
}
