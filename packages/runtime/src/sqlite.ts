/**
 * Opens SQLite files the one way that keeps what was promised: WAL, every commit on disk before it counts, foreign
 * keys on. No other code may open these files, and none may read them through `fs`: that drops SQLite's own locks.
 */
import { OperationalError, assert } from "@shipkeeper/kit";
import Database from "better-sqlite3";

export type { Database } from "better-sqlite3";

/** SQLite before 3.51.3 can lose committed writes when two connections checkpoint at once (the WAL-reset bug). */
const OLDEST_SAFE_SQLITE = [3, 51, 3] as const;

/** The log beside the file is cut back to this once its content was moved over: a burst must not keep its space. */
const MOST_IDLE_WAL_BYTES = 64 * 2 ** 20;

/** The step from schema version `index` to the next. Never changed once released. */
export type Migration = string;

/** Why a file cannot be used: its content is broken, a newer version wrote it, or it cannot be opened or written. */
export type DatabaseFault = "damaged" | "newer" | "not-opened";

export class DatabaseNotUsable extends OperationalError {
  override readonly name = "DatabaseNotUsable";
  readonly code = "database_not_usable";
  readonly retryable = false;
  readonly fault: DatabaseFault;

  constructor(message: string, fault: DatabaseFault, options?: { cause: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}

export interface OpenOptions {
  /** Where the native module lies in a release folder; found by itself in a checkout. */
  readonly nativeBinding?: string;
  /** Reads the whole file for damage first: right for files of megabytes, too slow for a collector's. */
  readonly check?: boolean;
  /** The file may shrink again (`PRAGMA incremental_vacuum`). Counts only when the file is made. */
  readonly shrinkable?: boolean;
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
  return usable(file, (keep) => {
    const database = keep(new Database(file, bindingOf(options)));
    assertSafeSqlite(database);
    if (options.shrinkable === true) database.pragma("auto_vacuum = INCREMENTAL"); // before WAL writes the header
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    database.pragma("trusted_schema = OFF");
    database.pragma("busy_timeout = 5000");
    database.pragma(`journal_size_limit = ${MOST_IDLE_WAL_BYTES}`);
    if (options.check === true) assertUndamaged(database, file);
    migrate(database, migrations);
    return database;
  });
}

/** Opens a file of this very schema version to look at it while its program runs. Throws `DatabaseNotUsable`. */
export function openDatabaseToRead(
  file: string,
  migrations: readonly Migration[],
  options: OpenOptions = {},
): Database.Database {
  return usable(file, (keep) => {
    const database = keep(new Database(file, { ...bindingOf(options), readonly: true, fileMustExist: true }));
    const version = schemaVersion(database);
    if (version === migrations.length) return database;
    throw new DatabaseNotUsable(
      `${file} has schema version ${version}, this program reads ${migrations.length}`,
      version > migrations.length ? "newer" : "not-opened",
    );
  });
}

/** Whether SQLite itself says that the file's content is broken. */
export function saysDamaged(error: unknown): boolean {
  if (!(error instanceof Database.SqliteError)) return false;
  return error.code.startsWith("SQLITE_CORRUPT") || error.code === "SQLITE_NOTADB";
}

export function bindingOf(options: OpenOptions): { nativeBinding?: string } {
  const nativeBinding = options.nativeBinding ?? process.env["SHIPKEEPER_SQLITE_BINDING"];
  return nativeBinding === undefined ? {} : { nativeBinding };
}

/** Runs `open`, closes what it handed to `keep` where it fails, and says so in this layer's words. */
function usable<T>(file: string, open: (keep: (made: Database.Database) => Database.Database) => T): T {
  let opened: Database.Database | undefined;
  try {
    return open((made) => (opened = made));
  } catch (error) {
    opened?.close();
    if (error instanceof DatabaseNotUsable) throw error;
    const fault = saysDamaged(error) ? "damaged" : "not-opened";
    throw new DatabaseNotUsable(`cannot use the database ${file}`, fault, { cause: error });
  }
}

/** Throws an assertion where the linked SQLite is older than the one that is known to keep what it committed. */
export function assertSafeVersion(version: string): void {
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

function assertSafeSqlite(database: Database.Database): void {
  const row = database.prepare<[], { version: string }>("SELECT sqlite_version() AS version").get();
  assertSafeVersion(row?.version ?? "");
}

function assertUndamaged(database: Database.Database, file: string): void {
  const found = String(database.pragma("quick_check(1)", { simple: true }));
  if (found !== "ok") throw new DatabaseNotUsable(`the database ${file} is damaged: ${found}`, "damaged");
}

function schemaVersion(database: Database.Database): number {
  return Number(database.pragma("user_version", { simple: true }));
}

function migrate(database: Database.Database, migrations: readonly Migration[]): void {
  const version = schemaVersion(database);
  if (version > migrations.length) {
    throw new DatabaseNotUsable(
      `the database has schema version ${version}, this program knows ${migrations.length}: it was used by a newer one`,
      "newer",
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
