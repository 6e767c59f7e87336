import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DatabaseNotUsable, assertSafeVersion, openDatabase, openDatabaseToRead } from "./sqlite.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sqlite-"));
  file = join(folder, "some.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const ONE = ["CREATE TABLE thing (name TEXT NOT NULL) STRICT"];
const TWO = [...ONE, "ALTER TABLE thing ADD COLUMN size INTEGER"];

function faultOf(open: () => unknown): string | undefined {
  try {
    open();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(DatabaseNotUsable);
    return error instanceof DatabaseNotUsable ? error.fault : undefined;
  }
}

test("every commit is on disk before it counts", () => {
  const db = openDatabase(file, ONE);
  const pragma = (name: string) => db.pragma(name, { simple: true });

  const settings = ["journal_mode", "synchronous", "foreign_keys", "trusted_schema"].map(pragma);

  expect(settings).toEqual(["wal", 2, 1, 0]);
  db.close();
});

test("a schema is brought up to date without losing what is there", () => {
  const before = openDatabase(file, ONE);
  before.exec("INSERT INTO thing (name) VALUES ('kept')");
  before.close();

  const after = openDatabase(file, TWO);

  expect(after.prepare("SELECT name, size FROM thing").all()).toEqual([{ name: "kept", size: null }]);
  expect(after.pragma("user_version", { simple: true })).toBe(2);
  after.close();
});

test("a step that fails leaves the version before it", () => {
  openDatabase(file, ONE).close();

  expect(faultOf(() => openDatabase(file, [...ONE, "CREATE TABLE other (x); not sql"]))).toBe("not-opened");
  const again = openDatabase(file, ONE);
  expect(again.pragma("user_version", { simple: true })).toBe(1);
  expect(again.prepare("SELECT name FROM sqlite_master WHERE name = 'other'").all()).toEqual([]);
  again.close();
});

test("a file of a newer version is left alone", () => {
  openDatabase(file, TWO).close();

  expect(faultOf(() => openDatabase(file, ONE))).toBe("newer");
});

test("a file that is no database is damaged, one that cannot be opened is not", () => {
  writeFileSync(file, "no database at all, but quite some text of it".repeat(100));

  expect(faultOf(() => openDatabase(file, ONE))).toBe("damaged");
  expect(faultOf(() => openDatabase(join(folder, "absent", "some.db"), ONE))).toBe("not-opened");
});

test("a look from outside sees what is committed, and cannot write", () => {
  const db = openDatabase(file, ONE);
  db.exec("INSERT INTO thing VALUES ('seen')");
  const outside = openDatabaseToRead(file, ONE);

  expect(outside.prepare("SELECT name FROM thing").all()).toEqual([{ name: "seen" }]);
  expect(() => outside.exec("DELETE FROM thing")).toThrow(/readonly/);
  outside.close();
  db.close();
});

test("a file that was made shrinkable gives its pages back", () => {
  const db = openDatabase(file, ONE, { shrinkable: true });

  expect(db.pragma("auto_vacuum", { simple: true })).toBe(2);
  db.close();
});

test.each([
  ["3.51.2", false],
  ["3.50.9", false],
  ["3.51.3", true],
  ["3.52.0", true],
  ["4.0.0", true],
  ["", false],
])("SQLite %s is safe: %s", (version, safe) => {
  const check = () => assertSafeVersion(version);

  if (safe) expect(check).not.toThrow();
  else expect(check).toThrow("can lose committed writes");
});
