import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/invariants.md"), "utf8");
const rows = page.split("\n").filter((line) => /^\| [SPA]\d /.test(line));

/** Where a promise is held: a file and a piece of a test's title. */
const HELD_BY = /`([^`]+\.test\.ts)`: ([^|<)]*(?:\(S\d\))?)/g;

test("every invariant of the design stands on the page once", () => {
  const numbers = rows.map((row) => row.slice(2, 4));
  const upTo = (letter: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);

  expect(numbers).toEqual([...upTo("S", 7), ...upTo("P", 8), ...upTo("A", 9)]);
});

test("every promise names a test that exists", () => {
  const missing = rows.flatMap((row) => {
    const holding = [...row.matchAll(HELD_BY)];
    if (holding.length === 0) return [`${row.slice(2, 4)} names no test`];
    return holding.flatMap(([, file = "", title = ""]) =>
      readFileSync(join(root, file), "utf8").includes(title.trim()) ? [] : [`${file}: ${title.trim()}`],
    );
  });

  expect(missing).toEqual([]);
});
