/** Copies of a SQLite file that a program has in use, and whether a copy is whole. */
import Database from "better-sqlite3";
import { bindingOf, DatabaseNotUsable, type OpenOptions } from "./sqlite.ts";

/** All in one go: another program's commits would make the copy begin anew between two goes. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Writes the file as it is at one moment, page by page, whoever writes to it meanwhile. Takes as long as reading it; its
 * users go on, only their log is not shortened until then. `target` must not be there.
 */
export async function copyDatabase(file: string, target: string, options: OpenOptions = {}): Promise<void> {
  const database = new Database(file, { ...bindingOf(options), readonly: true, fileMustExist: true });
  try {
    await database.backup(target, { progress: () => ALL_PAGES });
  } finally {
    database.close();
  }
}

export interface DatabaseContent {
  readonly schemaVersion: number;
  /** By table. */
  readonly rows: Readonly<Record<string, number>>;
}

/** Reads the whole file, which nothing else may have open. Throws `DatabaseNotUsable` where any of it is broken. */
export function inspectDatabase(file: string, options: OpenOptions = {}): DatabaseContent {
  const damaged = (why: string, cause?: unknown) =>
    new DatabaseNotUsable(`the database ${file} is damaged: ${why}`, "damaged", { cause });
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { ...bindingOf(options), fileMustExist: true });
    const found = String(database.pragma("integrity_check(1)", { simple: true }));
    if (found !== "ok") throw damaged(found);
    const broken = database.pragma("foreign_key_check") as { table: string }[];
    if (broken[0] !== undefined) throw damaged(`a row of ${broken[0].table} refers to one that is not there`);
    return {
      schemaVersion: Number(database.pragma("user_version", { simple: true })),
      rows: countRows(database),
    };
  } catch (error) {
    throw error instanceof DatabaseNotUsable ? error : damaged("SQLite cannot read it", error);
  } finally {
    database?.close();
  }
}

function countRows(database: Database.Database): Record<string, number> {
  const tables = database
    .prepare<[], string>(
      /*sql*/ `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .pluck()
    .all();
  const count = (table: string) =>
    database
      .prepare<[], number>(`SELECT count(*) FROM "${table.replaceAll('"', '""')}"`)
      .pluck()
      .get() ?? 0;
  return Object.fromEntries(tables.map((table) => [table, count(table)]));
}
