import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tarArchive } from "@shipkeeper/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeNamesOut } from "./nameless-image.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nameless-"));
  file = join(folder, "image.tar");
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = JSON.stringify({ config: { Labels: { name: "acme/web:2" } } });
const layer = { path: `${"a".repeat(150)}/layer.tar`, content: "acme/web:2".repeat(100) };

test("names are taken out of every list, and nothing else changes its place", async () => {
  const entries = (tags: string[] | null, names: object, annotations: object | undefined) => [
    layer,
    { path: "config.json", content: config },
    {
      path: "manifest.json",
      content: JSON.stringify([{ Config: "config.json", RepoTags: tags, Layers: [] }]),
    },
    { path: "repositories", content: JSON.stringify(names) },
    { path: "index.json", content: JSON.stringify({ manifests: [{ digest: "x", annotations }] }) },
  ];
  const named = tarArchive(
    entries(["acme/web:2"], { "acme/web": { 2: "f00" } }, { "io.containerd.image.name": "acme/web:2" }),
  );
  writeFileSync(file, named);

  await takeNamesOut(file);

  const bare = readFileSync(file, "utf8");
  expect(statSync(file).size).toBe(named.length);
  expect(bare.match(/acme\/web:2/g)).toHaveLength(101);
  for (const list of [
    '[{"Config":"config.json","RepoTags":null,"Layers":[]}] ',
    '{"manifests":[{"digest":"x"}]} ',
    "{}  ",
  ])
    expect(bare).toContain(list);
});

test("what is no saved image is not taken for one", async () => {
  writeFileSync(file, tarArchive([{ path: "README", content: "hello" }]));
  await expect(takeNamesOut(file)).rejects.toThrow("is no image that was saved");

  const whole = tarArchive([{ path: "manifest.json", content: "[]".padEnd(2_000) }]);
  writeFileSync(file, whole.subarray(0, 1_000));
  await expect(takeNamesOut(file)).rejects.toThrow("breaks off");
});
