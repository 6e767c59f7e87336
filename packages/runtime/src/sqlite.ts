/**
 * Opens SQLite files the one way that keeps what was promised: WAL, every commit on disk before it counts, foreign
 * keys on. No other code may open these files, and none may read them through `fs`: that drops SQLite's own locks.
 */
import { OperationalError, assert } from "@shipkeeper/kit";
import Database from "better-sqlite3";

export type { Database } from "better-sqlite3";

/** SQLite before 3.51.3 can lose committed writes when two connections checkpoint at once (the WAL-reset bug). */
const OLDEST_SAFE_SQLITE = [3, 51, 3] as const;

/** The step from schema version `index` to the next. Never changed once released. */
export type Migration = string;

export class DatabaseNotUsable extends OperationalError {
  override readonly name = "DatabaseNotUsable";
  readonly code = "database_not_usable";
  readonly retryable = false;
}

export interface OpenOptions {
  /** Where the native module lies in a release folder; found by itself in a checkout. */
  readonly nativeBinding?: string;
}

/**
 * Opens the file, or makes it, and brings its schema up to date in one transaction.
 * Throws `DatabaseNotUsable` where the file is no database, belongs to a newer version, or fails its own check.
 */
export function openDatabase(
  file: string,
  migrations: readonly Migration[],
  options: OpenOptions = {},
): Database.Database {
  const nativeBinding = options.nativeBinding ?? process.env["SHIPKEEPER_SQLITE_BINDING"];
  let database: Database.Database | undefined;
  try {
    database = new Database(file, nativeBinding === undefined ? {} : { nativeBinding });
    assertSafeSqlite(database);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    database.pragma("busy_timeout = 5000");
    migrate(database, migrations);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof DatabaseNotUsable) throw error;
    throw new DatabaseNotUsable(`cannot use the database ${file}`, { cause: error });
  }
}

function assertSafeSqlite(database: Database.Database): void {
  const version =
    database.prepare<[], { version: string }>("SELECT sqlite_version() AS version").get()?.version ?? "";
  const parts = version.split(".").map(Number);
  for (const [index, least] of OLDEST_SAFE_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    assert(
      part === least,
      `SQLite ${version} can lose committed writes; ${OLDEST_SAFE_SQLITE.join(".")} is needed`,
    );
  }
}

function migrate(database: Database.Database, migrations: readonly Migration[]): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  if (version > migrations.length) {
    throw new DatabaseNotUsable(
      `the database has schema version ${version}, this program knows ${migrations.length}: it was used by a newer one`,
    );
  }
  const step = database.transaction((index: number, sql: Migration) => {
    database.exec(sql);
    database.pragma(`user_version = ${index + 1}`);
  });
  for (const [index, sql] of migrations.entries()) {
    if (index >= version) step.immediate(index, sql);
  }
}
