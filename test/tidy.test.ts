/** Checks the repository itself: directions of imports, and habits that no compiler or linter holds. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, isTest, listFiles, readSources, type SourceFile } from "./tidy/source-files.ts";

const sources = readSources();
const shipped = sources.filter((file) => !isTest(file.path));

/** Who may import which of our packages. Whoever is not named here imports none. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "packages/kit": [],
  "packages/model": ["kit"],
  "packages/policy": ["kit", "model"],
  "packages/protocol": ["kit", "model", "policy"],
  "packages/runtime": ["kit", "model", "policy", "protocol"],
  "packages/docker": ["kit", "model"],
  "packages/restic": ["kit", "model", "policy"],
  "packages/cli": ["kit", "model", "policy", "protocol", "runtime"],
  agent: ["kit", "model", "policy", "protocol", "docker", "restic", "runtime"],
  collector: ["kit", "model", "policy", "protocol", "restic", "runtime"],
  "packages/lab": ["kit", "model", "policy", "protocol", "docker", "restic", "runtime", "agent", "collector"],
  demo: ["kit", "model", "policy", "protocol", "docker", "runtime", "lab"],
};
const PURE = ["packages/kit/", "packages/model/", "packages/policy/", "packages/protocol/"];

const packageOf = (path: string) => Object.keys(MAY_IMPORT).find((folder) => path.startsWith(`${folder}/`));
const ourImports = (file: SourceFile) => file.imports.filter((name) => name.startsWith("@shipkeeper/"));

const foreignImports = (file: SourceFile) =>
  file.imports.filter((name) => !name.startsWith("node:") && !existsSync(join(ROOT, name)));

function dependenciesOf(folder: string): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
  const { dependencies, devDependencies } = manifest as Record<string, Record<string, string> | undefined>;
  return Object.keys({ ...dependencies, ...devDependencies });
}

/** `path: what is wrong` for each file that the check says something about. */
const faults = (files: readonly SourceFile[], check: (file: SourceFile) => string | undefined) =>
  files.flatMap((file) => {
    const fault = check(file);
    return fault === undefined ? [] : [`${file.path}: ${fault}`];
  });

test("there are sources to check", () => {
  expect(shipped.length).toBeGreaterThan(50);
  expect(shipped.flatMap(ourImports).length).toBeGreaterThan(50);
});

test("packages import each other only in the direction of the data flow", () => {
  const wrong = faults(shipped, (file) => {
    const folder = packageOf(file.path);
    if (folder === undefined) return undefined;
    const allowed = (MAY_IMPORT[folder] ?? []).map((name) => `@shipkeeper/${name}`);
    const bad = ourImports(file).filter(
      (name) => !allowed.some((one) => name === one || name.startsWith(`${one}/`)),
    );
    const outside = file.imports.filter(
      (name) => /^(packages|agent|collector|demo)\//.test(name) && !name.startsWith(`${folder}/`),
    );
    return [...bad, ...outside].length > 0 ? `imports ${[...bad, ...outside].join(", ")}` : undefined;
  });

  expect(wrong).toEqual([]);
});

test("a package's manifest names what the package imports, and nothing else", () => {
  /** Asked for by a library that is imported, as its peer. */
  const peers = ["openapi-types"];
  const libraryOf = (name: string) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(name)?.[0] ?? name;
  const wrong = Object.keys(MAY_IMPORT).flatMap((folder) => {
    const named = dependenciesOf(folder);
    const files = sources.filter(({ path }) => path.startsWith(`${folder}/`));
    const librariesOf = (some: readonly SourceFile[]) => new Set(some.flatMap(foreignImports).map(libraryOf));
    const needed = librariesOf(
      files.filter(({ path, imports }) => !isTest(path) && !imports.includes("vitest")),
    );
    const used = librariesOf(files);
    return [
      ...[...needed].filter((name) => !named.includes(name)).map((name) => `${folder}: lacks ${name}`),
      ...[...used]
        .filter((name) => ![...named, ...dependenciesOf(".")].includes(name))
        .map((name) => `tests of ${folder}: lack ${name}`),
      ...named
        .filter((name) => !used.has(name) && !peers.includes(name))
        .map((name) => `${folder}: ${name} for nothing`),
    ];
  });

  expect(wrong).toEqual([]);
});

test("pure packages know no Node, no clock and no chance", () => {
  const pure = shipped.filter((file) => PURE.some((folder) => file.path.startsWith(folder)));
  const wrong = faults(pure, (file) => {
    if (file.imports.some((name) => name.startsWith("node:"))) return "imports Node";
    return /\bDate\.now\(|new Date\(\)|\bMath\.random\(|\bcrypto\.|\bprocess\.[a-z]/.exec(file.text)?.[0];
  });

  expect(pure.length).toBeGreaterThan(30);
  expect(wrong).toEqual([]);
});

/** Small things that a stage shares within its program: values and ports, no stage of their own. */
const SHARED = /^(?:agent|collector)\/src\/[^/]+$/;

test("stages of a program do not import each other, but for what they hand on", () => {
  const stage = (path: string) => /^(agent|collector)\/src\/([^/]+)\//.exec(path)?.slice(1, 3).join("/");
  const allowed: Readonly<Record<string, readonly string[]>> = {
    // The ledger is what observing writes and deciding reads; the registry client is the tool of looking and of deleting.
    "agent/observe": ["agent/ledger", "agent/registry"],
    "agent/steward": ["agent/ledger", "agent/quiesce", "agent/act", "agent/registry"],
    // A host that is rebuilt for a try is a recovery.
    "agent/act": [
      "agent/ledger",
      "agent/quiesce",
      "agent/registry",
      "agent/dump",
      "agent/restore",
      "agent/recover",
      "agent/probe",
    ],
    "agent/dump": [],
    "agent/quiesce": ["agent/ledger"],
    "agent/registry": ["agent/ledger"],
    "agent/orders": ["agent/ledger"],
    "agent/restore": [],
    // A recovery is many restores, by what another host kept of itself.
    "agent/recover": ["agent/dump", "agent/restore", "agent/host-bundle"],
    // Everything of the collector speaks to its store; routes hand requests to the stage that they are for.
    "collector/ingest": ["collector/store"],
    "collector/enrol": ["collector/store"],
    "collector/policies": ["collector/store"],
    "collector/orders": ["collector/store"],
    "collector/figures": ["collector/store"],
    "collector/compliance": ["collector/store"],
    "collector/alerts": ["collector/store", "collector/backup"],
    "collector/preview": ["collector/store"],
    "collector/http": [
      "collector/store",
      "collector/enrol",
      "collector/ingest",
      "collector/policies",
      "collector/orders",
      "collector/figures",
      "collector/compliance",
      "collector/preview",
      "collector/reports",
    ],
    "collector/reports": ["collector/store", "collector/figures"],
    "collector/store": ["collector/migrations"],
  };
  const wrong = faults(shipped, (file) => {
    const own = stage(file.path);
    if (own === undefined) return undefined;
    const others = file.imports
      .filter((name) => !SHARED.test(name))
      .map(stage)
      .filter((other) => other !== undefined && other !== own);
    const bad = others.filter((other) => !(allowed[own] ?? []).includes(other ?? ""));
    return bad.length > 0 ? `imports ${[...new Set(bad)].join(", ")}` : undefined;
  });

  expect(wrong).toEqual([]);
});

test("the house's habits hold", () => {
  const habits: readonly (readonly [habit: string, breach: RegExp, where?: RegExp])[] = [
    ["zod is imported as a namespace, a fifth of the bundle", /import \{ ?z\b[^}]*\} from "zod"/],
    ["no enums", /^\s*(?:export )?(?:const )?enum \w/m],
    ["no default exports", /^export default/m, /vitest\.config\.ts$|plain-reporter\.ts$/],
    [
      "no bulk prune endpoint and no force",
      /\/(?:containers|images|volumes|networks)\/prune|force: true/,
      /\.test\.ts$|^packages\/lab\/|^test\/|rmSync|node:fs/,
    ],
    ["no test is skipped or alone", /\b(?:test|it|describe)\.(?:skip|only|todo)\b/],
    ["no unfinished marks", /\b(?:TODO|FIXME|XXX|HACK)\b/],
  ];
  const wrong = habits.flatMap(([habit, breach, except]) =>
    sources
      .filter(
        (file) =>
          file.path !== "test/tidy.test.ts" && except?.test(file.path) !== true && breach.test(file.text),
      )
      .filter((file) => except?.test(file.text) !== true)
      .map((file) => `${file.path}: ${habit}`),
  );

  expect(wrong).toEqual([]);
});

test("a file is one room: at most 400 lines", () => {
  expect(
    faults(sources, ({ text }) =>
      text.split("\n").length > 401 ? `${text.split("\n").length} lines` : undefined,
    ),
  ).toEqual([]);
});

test("names say what a file holds", () => {
  expect(
    faults(sources, ({ path }) =>
      /\/(?:utils?|helpers?|misc|common|types)\.ts$/.test(path) ? "a grab bag" : undefined,
    ),
  ).toEqual([]);
  expect(
    faults(sources, ({ path }) =>
      /[A-Z_]/.test(path.split("/").at(-1) ?? "") ? "not in kebab-case" : undefined,
    ),
  ).toEqual([]);
});

test("nothing in the project speaks of the machine that it was written on", () => {
  const files = listFiles(".ts", ".sh", ".md", ".json", ".yaml", ".yml", ".service", "run").filter(
    (path) => path !== "test/tidy.test.ts" && path !== "pnpm-lock.yaml",
  );
  const wrong = files.filter((path) =>
    /\/work\/|\/root\/|\/home\/\w/.test(readFileSync(join(ROOT, path), "utf8")),
  );

  expect(wrong).toEqual([]);
});
