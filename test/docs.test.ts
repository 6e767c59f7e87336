/** Holds the documents to what the code has. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { KINDS } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { ROOT, listFiles } from "./tidy/source-files.ts";

const documents = listFiles(".md").map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));

test("every link between the documents leads somewhere", () => {
  const broken = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !existsSync(resolve(ROOT, dirname(path), target)))
      .map((target) => `${path}: ${target}`),
  );

  expect(documents.length).toBeGreaterThan(5);
  expect(broken).toEqual([]);
});

test("every path that the architecture names exists", () => {
  const text = documents.find(({ path }) => path === "docs/architecture.md")?.text ?? "";
  const rows = [...text.matchAll(/\| `([\w./-]+\/)`[^|]*\| `([a-z-]+\.ts)` *\|/g)];
  const missing = rows.filter(
    ([, folder = "", file = ""]) =>
      !existsSync(join(ROOT, folder, file)) && !existsSync(join(ROOT, folder, "src", file)),
  );

  expect(rows.length).toBeGreaterThan(8);
  expect(missing.map(([row]) => row)).toEqual([]);
});

test("every action kind has its two folders and its place in the policy language", () => {
  const language = documents.find(({ path }) => path === "docs/policy-language.md")?.text ?? "";

  expect(KINDS.length).toBeGreaterThanOrEqual(3);
  for (const kind of KINDS) {
    expect(existsSync(join(ROOT, "packages/policy/src/actions", kind, "plan.ts")), kind).toBe(true);
    expect(existsSync(join(ROOT, "agent/src/act", `${kind}.ts`)), kind).toBe(true);
    expect(language).toContain(`- ${kind}:`);
  }
});
