/** Holds the documents to what the code has. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { KINDS, WRITTEN_KINDS } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { startTestCollector } from "../collector/src/testing/test-collector.ts";
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
    if (WRITTEN_KINDS.includes(kind)) expect(language).toContain(`- ${kind}:`);
  }
});

test("every route of the API stands in its document with all its filters, and no other does", async () => {
  const text = documents.find(({ path }) => path === "docs/api.md")?.text ?? "";
  const rows = new Map(
    [...text.matchAll(/^\| `([A-Z]+ \/api\/v1\S+)` .*$/gm)].map(([row, route]) => [route, row]),
  );
  const examples = [...text.matchAll(/^api ["']?(\/[a-z-]+)/gm)].map(([, start]) => `/api/v1${start}`);
  const routes = await routesOfTheApi();

  expect(new Set(rows.keys())).toEqual(new Set(routes.map(({ route }) => route)));
  for (const { route, path, filters } of routes) {
    expect(
      filters.filter((name) => !rows.get(route)?.includes(`\`${name}\``)),
      route,
    ).toEqual([]);
    expect(
      examples.some((start) => path.startsWith(start)),
      route,
    ).toBe(true);
  }
});

/** Of lists and tables in general the document speaks once. */
const OF_EVERY_LIST = ["limit", "cursor", "sort", "format"];

async function routesOfTheApi() {
  const collector = await startTestCollector();
  try {
    const { paths } = (await collector.app.inject("/api/openapi.json")).json<{
      paths: Record<string, Record<string, { parameters?: { in: string; name: string }[] }>>;
    }>();
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [] }]) => ({
        route: `${method.toUpperCase()} ${path}`,
        path,
        filters: parameters
          .filter((parameter) => parameter.in === "query" && !OF_EVERY_LIST.includes(parameter.name))
          .map(({ name }) => name),
      })),
    );
  } finally {
    await collector.close();
  }
}
