import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAY_MS } from "@shipkeeper/kit";
import { expect, onTestFinished, test } from "vitest";
import { countFiles, firstDifference, sampleUnchanged } from "./file-sample.ts";

const { signal } = new AbortController();

function folderOf(files: number): string {
  const folder = mkdtempSync(join(tmpdir(), "file-sample-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "deep"));
  for (let number = 0; number < files; number += 1)
    writeFileSync(join(folder, number % 2 === 0 ? "." : "deep", `f${number}`), `content ${number}`);
  symlinkSync("f0", join(folder, "link"));
  return folder;
}

const sampleOf = (folder: string, before: number) =>
  sampleUnchanged(folder, { before, random: () => 0.5, signal });

test("a sample holds fifty files at most, and only those that nobody changed since", async () => {
  const many = folderOf(120);

  const sample = await sampleOf(many, Date.now() + DAY_MS);

  expect(sample.length).toBe(50);
  expect(await countFiles(many, signal)).toBe(121);
  expect(await firstDifference(many, sample, signal)).toBeUndefined();
  expect(await sampleOf(many, Date.now() - DAY_MS)).toEqual([]);
});

test("a file with another content, another size, or none at all is told by its name", async () => {
  const folder = folderOf(1);
  const sample = await sampleOf(folder, Date.now() + DAY_MS);
  const file = join(folder, "f0");

  writeFileSync(file, "CONTENT 0");
  expect(await firstDifference(folder, sample, signal)).toBe('"f0" has another content than it had');
  writeFileSync(file, "longer than it was");
  expect(await firstDifference(folder, sample, signal)).toBe('"f0" has 18 bytes, and had 9');
  rmSync(file);
  expect(await firstDifference(folder, sample, signal)).toBe('"f0" is not there');
});
