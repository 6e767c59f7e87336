import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigProblem } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadCollectorConfig } from "./config.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "collector-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(text: string, environment: Record<string, string> = {}) {
  const file = join(folder, "collector.yaml");
  writeFileSync(file, text);
  return loadCollectorConfig(file, environment);
}

function problems(text: string): string {
  try {
    return JSON.stringify(load(text));
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    return error.problems.join("\n").replaceAll(`${folder}/`, "");
  }
}

test("everything has a default", () => {
  expect(loadCollectorConfig(undefined, {})).toEqual({
    listen: { host: "127.0.0.1", port: 8080 },
    dataDir: "/var/lib/shipkeeper-collector",
    policyKeys: [],
    alerts: { mail: [] },
    reports: { schedule: "0 7 * * 1", timezone: "UTC" },
  });
});

test("variables go before the file", () => {
  const config = load("listen: 0.0.0.0:9000\n", {
    SHIPKEEPER_LISTEN: '"[::1]:9001"',
    SHIPKEEPER_DATA_DIR: "/data",
  });

  expect(config).toMatchObject({ listen: { host: "::1", port: 9001 }, dataDir: "/data" });
});

test("a mistake is named with its place and what was meant", () => {
  expect(problems("listne: 1\n")).toBe("collector.yaml:1:1: unknown key listne; did you mean listen?");
  expect(problems("listen: 8080\n")).toContain("collector.yaml:1:9: listen: expected an address");
  expect(problems('listen: "localhost:70000"\n')).toContain("expected an address and a port");
  expect(problems("reports:\n  schedule: sometimes\n")).toContain(
    "expected five fields (minute hour day month weekday)",
  );
  expect(problems("reports:\n  timezone: Europe/Viena\n")).toContain("did you mean Europe/Vienna?");
  expect(problems("mail:\n  smtp: smtp://mail.example:587\n")).toContain(
    "mail.from is missing: expected the address that mails come from",
  );
  expect(problems("publicUrl: shipkeeper.example\n")).toContain(
    "expected an address such as https://shipkeeper.example",
  );
});
