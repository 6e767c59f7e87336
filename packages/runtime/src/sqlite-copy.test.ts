import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyDatabase, inspectDatabase } from "./sqlite-copy.ts";
import { openDatabase } from "./sqlite.ts";

const MIGRATIONS = [
  "CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT)",
  "CREATE TABLE run (id INTEGER PRIMARY KEY, host_id INTEGER REFERENCES host (id))",
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sqlite-copy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

test("a copy holds what was committed before it, and nothing that is under way or came later", async () => {
  const database = openDatabase(at("a.db"), MIGRATIONS);
  const add = database.prepare("INSERT INTO host (name) VALUES ('web')");
  for (let count = 0; count < 500; count += 1) add.run();
  const other = openDatabase(at("a.db"), MIGRATIONS);
  other.exec("BEGIN IMMEDIATE; INSERT INTO host (name) VALUES ('under way')");

  const copied = copyDatabase(at("a.db"), at("b.db"));
  other.exec("COMMIT");
  other.close();
  await copied;
  add.run();
  database.close();

  const { schemaVersion, rows } = inspectDatabase(at("b.db"));
  expect(schemaVersion).toBe(2);
  expect(rows["run"]).toBe(0);
  expect([500, 501]).toContain(rows["host"]);
});

test("a copy of which any page is broken, or a row lost, is found out", async () => {
  const database = openDatabase(at("a.db"), MIGRATIONS);
  const add = database.prepare("INSERT INTO host (name) VALUES (?)");
  for (let count = 0; count < 500; count += 1) add.run(`web-${count}`.repeat(20));
  database.exec("INSERT INTO run (host_id) VALUES (1)");
  await copyDatabase(at("a.db"), at("b.db"));
  database.close();
  copyFileSync(at("b.db"), at("c.db"));

  const bytes = readFileSync(at("b.db"));
  bytes.fill(0xff, bytes.length - 2_000, bytes.length - 1_000);
  writeFileSync(at("b.db"), bytes);
  const orphan = openDatabase(at("c.db"), MIGRATIONS);
  orphan.pragma("foreign_keys = OFF");
  orphan.exec("DELETE FROM host WHERE id = 1");
  orphan.close();

  expect(() => inspectDatabase(at("b.db"))).toThrow(/is damaged/);
  expect(() => inspectDatabase(at("c.db"))).toThrow(/a row of run refers to one that is not there/);
  expect(() => inspectDatabase(at("none.db"))).toThrow(/is damaged|cannot/);
});
