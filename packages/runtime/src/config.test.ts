import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { loadConfig, variableFor } from "./config.ts";
import { ConfigProblem } from "./service.ts";

const schema = z.strictObject({
  listen: z.string().default("127.0.0.1:8080"),
  dataDir: z.string(),
  mail: z.strictObject({ smtp: z.string().optional(), port: z.int().optional() }).prefault({}),
});
const KEYS = ["listen", "dataDir", "mail.smtp", "mail.port"];

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
  file = join(folder, "some.yaml");
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(text: string, environment: Record<string, string> = {}) {
  writeFileSync(file, text);
  return loadConfig({ file, environment, schema, keys: KEYS });
}

function problemsOf(text: string, environment: Record<string, string> = {}): readonly string[] {
  try {
    load(text, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    return error.problems.map((problem) => problem.replace(`${folder}/`, ""));
  }
}

test("what the file says counts, defaults fill the rest", () => {
  expect(load("dataDir: /data")).toEqual({ listen: "127.0.0.1:8080", dataDir: "/data", mail: {} });
});

test("variables override the file, nested keys too, and numbers are numbers", () => {
  const environment = { SHIPKEEPER_DATA_DIR: "/other", SHIPKEEPER_MAIL_PORT: "25" };

  expect(load("dataDir: /data\nmail: { smtp: here }", environment)).toMatchObject({
    dataDir: "/other",
    mail: { smtp: "here", port: 25 },
  });
});

test("a variable needs no file", () => {
  const environment = { SHIPKEEPER_DATA_DIR: "/data" };

  expect(loadConfig({ file: undefined, environment, schema, keys: KEYS })).toMatchObject({
    dataDir: "/data",
  });
});

test("every mistake is told at once, with its place", () => {
  expect(problemsOf("listen: 5\ndataDir: /data\nmail:\n  port: many\n")).toEqual([
    "some.yaml:1:9: listen: Invalid input: expected string, received number",
    "some.yaml:4:9: mail.port: Invalid input: expected number, received string",
  ]);
});

test("an unknown key is a mistake at its own place, and says what was meant", () => {
  expect(problemsOf("dataDir: /data\ndatDir: x\nmail:\n  smpt: y\n  zebra: 1\n")).toEqual([
    "some.yaml:2:1: unknown key datDir; did you mean dataDir?",
    "some.yaml:4:3: unknown key mail.smpt; did you mean mail.smtp?",
    "some.yaml:5:3: unknown key mail.zebra",
  ]);
});

test("a key that is missing is said to be missing", () => {
  expect(problemsOf("listen: here")).toEqual([
    "some.yaml:1:1: dataDir is missing: Invalid input: expected string, received undefined",
  ]);
});

test("a mistake in a variable names the variable", () => {
  expect(problemsOf("dataDir: /data", { SHIPKEEPER_MAIL_PORT: "many" })).toEqual([
    "SHIPKEEPER_MAIL_PORT: mail.port: Invalid input: expected number, received string",
  ]);
});

test.each([
  ["what is no YAML", "a: [", "some.yaml:1:5: "],
  ["a key that stands twice", "dataDir: a\ndataDir: b", "some.yaml:2:1: Map keys must be unique"],
  ["a list", "- a", "some.yaml:1:1: expected keys and values"],
])("%s is refused", (_name, text, problem) => {
  expect(problemsOf(text)[0]).toContain(problem);
});

test("a file that cannot be read is named", () => {
  const absent = { file: join(folder, "absent.yaml"), environment: {}, schema, keys: KEYS };

  expect(() => loadConfig(absent)).toThrow(/cannot read the configuration file .*absent\.yaml/);
});

test("names of variables follow the keys", () => {
  expect(["dataDir", "mail.smtp", "enrollmentTokenFile"].map(variableFor)).toEqual([
    "SHIPKEEPER_DATA_DIR",
    "SHIPKEEPER_MAIL_SMTP",
    "SHIPKEEPER_ENROLLMENT_TOKEN_FILE",
  ]);
});
