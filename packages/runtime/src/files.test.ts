import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileDurably, writeSecretFile } from "./files.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "files-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("a file is replaced whole, in folders that are made for it, and nothing is left beside it", () => {
  const file = join(folder, "below", "state.json");
  writeFileDurably(file, "old");
  writeFileDurably(file, Buffer.from("new"));

  expect(readFileSync(file, "utf8")).toBe("new");
  expect(readdirSync(join(folder, "below"))).toEqual(["state.json"]);
});

test("a secret is its owner's from its first moment, and is not overwritten by accident", () => {
  const file = join(folder, "secret");
  writeSecretFile(file, "first", { overwrite: false });

  expect(() => writeSecretFile(file, "second", { overwrite: false })).toThrow("EEXIST");
  expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual(["first", 0o600]);
  expect(readdirSync(folder)).toEqual(["secret"]);
  writeSecretFile(file, "second", { overwrite: true });
  expect(readFileSync(file, "utf8")).toBe("second");
});
