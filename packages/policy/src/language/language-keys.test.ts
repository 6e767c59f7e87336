import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CHECK_CODES, checks, formatProblem, languageKeys, parseGuardrails, parsePolicy } from "../index.ts";

/** The page's examples have dates after this one. */
const WRITTEN_AT = Date.UTC(2026, 11, 1);
const PAGE = readFileSync(new URL("../../../../docs/policy-language.md", import.meta.url), "utf8");

/** The keys in the table below the heading of one part of the language. */
function documentedIn(part: string): string[] {
  const section = PAGE.split(/^## /m).find((text) => text.toLowerCase().startsWith(part)) ?? "";
  return [...section.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, key]) => key ?? "");
}

test("every key of the language stands in a table of its page", () => {
  const missing = Object.entries(languageKeys()).flatMap(([part, keys]) =>
    keys.filter((key) => !documentedIn(part).includes(key)).map((key) => `${part}: ${key}`),
  );

  expect(missing).toEqual([]);
});

test("every compliance check stands in its table with its severity, and no other does", () => {
  const rows = [
    ...(PAGE.split(/^## /m).find((text) => text.startsWith("Checks")) ?? "").matchAll(
      /^\| `([^`]+)` +\| (\w+)/gm,
    ),
  ];

  expect(Object.fromEntries(rows.map(([, code, severity]) => [code, severity]))).toEqual(
    Object.fromEntries(CHECK_CODES.map((code) => [code, checks[code].severity])),
  );
});

test("no table of the page names a key that the language does not have", () => {
  const odd = Object.entries(languageKeys()).flatMap(([part, keys]) =>
    documentedIn(part)
      .filter((key) => !keys.includes(key))
      .map((key) => `${part}: ${key}`),
  );

  expect(odd).toEqual([]);
});

test("every example of the page is free of problems", () => {
  const blocks = [...PAGE.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g)].map(([, file = "", text = ""]) => ({
    file,
    text,
  }));
  const profiles = blocks.filter(({ text }) => text.startsWith("profile:"));
  const examples = blocks.map((block) =>
    block.file.includes("guardrails")
      ? parseGuardrails(block.file, block.text).problems
      : parsePolicy([...new Set([...profiles, block])], { now: WRITTEN_AT }).problems,
  );

  expect(examples.length).toBeGreaterThan(4);
  expect(examples.flat().map(formatProblem)).toEqual([]);
});
