import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fakeContainerId } from "../fake/fake-things.ts";
import { readLogBytes } from "./read-log-bytes.ts";

test("logs are measured with their rotated files, and what cannot be seen is not zero", async () => {
  const rootDir = mkdtempSync(join(tmpdir(), "shipkeeper-logs-"));
  onTestFinished(() => rmSync(rootDir, { recursive: true }));
  const [json, local, elsewhere] = ["json", "local", "journald"].map(fakeContainerId) as [
    ReturnType<typeof fakeContainerId>,
    ReturnType<typeof fakeContainerId>,
    ReturnType<typeof fakeContainerId>,
  ];
  const write = (path: string, bytes: number) => {
    mkdirSync(join(rootDir, path, ".."), { recursive: true });
    writeFileSync(join(rootDir, path), "x".repeat(bytes));
  };
  write(`containers/${json}/${json}-json.log`, 100);
  write(`containers/${json}/${json}-json.log.1`, 20);
  write(`containers/${json}/config.v2.json`, 5_000);
  write(`containers/${local}/local-logs/container.log`, 7);
  write(`containers/${elsewhere}/hostname`, 9);

  const measured = await readLogBytes(rootDir, [json, local, elsewhere]);

  expect([...measured]).toEqual([
    [json, 120],
    [local, 7],
  ]);
  expect((await readLogBytes(join(rootDir, "nowhere"), [json])).size).toBe(0);
});
