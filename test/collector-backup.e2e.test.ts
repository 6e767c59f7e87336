/** The collector's own database: backed up while it is written to, lost, and brought back; with the real restic. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "@shipkeeper/lab";
import { inspectDatabase } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBackupState, type BackupState } from "../collector/src/backup/backup-state.ts";
import { collectorProgram, kill, type CollectorProgram } from "./collector-lab/collector-program.ts";

let folder: string;
let dataDir: string;
let repository: string;
let collector: CollectorProgram;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "collector-backup-"));
  dataDir = join(folder, "data");
  repository = join(folder, "repository");
  mkdirSync(dataDir);
  writeFileSync(join(folder, "password"), "correct horse", { mode: 0o600 });
  collector = await collectorProgram(dataDir, {
    SHIPKEEPER_BACKUP_TO_URL: repository,
    SHIPKEEPER_BACKUP_TO_PASSWORD_FILE: join(folder, "password"),
    SHIPKEEPER_BACKUP_EVERY: "1m",
  });
});
afterEach(() => {
  collector.close();
  rmSync(folder, { recursive: true });
});

const command = async (...args: string[]) => {
  const [code] = (await once(collector.run(args), "exit")) as [number | null];
  return code;
};

function backedUpAndDrilled(): Promise<true> {
  const isSo = ({ newest, drilled }: BackupState) => newest !== undefined && drilled !== undefined;
  return waitUntil(() => isSo(readBackupState(dataDir)), {
    what: "a backup and a drill",
    deadlineMs: 60_000,
  });
}

/** As fast as the collector lets one host tell for a minute. */
const BETWEEN_BATCHES_MS = 500;

test("what was told before the last backup is there after the collector and its disk are lost", async () => {
  const program = await collector.start();
  const host = await collector.enrolHost();
  let acked = 0;
  const over = new AbortController();
  const ackedAt: { at: number; acked: number }[] = [];
  const flood = async () => {
    while (!over.signal.aborted) {
      acked = (await collector.sendEvents(host, acked, 20)).ackedThrough;
      ackedAt.push({ at: Date.now(), acked });
      await pause(BETWEEN_BATCHES_MS);
    }
  };
  const flooding = flood();

  // The first comes by itself, with its drill; the second is asked for, while events go on arriving.
  await backedUpAndDrilled();
  expect(await command("backup")).toBe(0);
  const { newest, problem } = readBackupState(dataDir);
  over.abort();
  await flooding;
  await kill(program);
  for (const name of readdirSync(dataDir).filter((one) => one.startsWith("collector.db")))
    rmSync(join(dataDir, name));
  expect(await command("restore")).toBe(0);

  expect(problem).toBeUndefined();
  expect(inspectDatabase(join(dataDir, "collector.db")).rows["host"]).toBe(1);
  await collector.start();
  const stored = await collector.countEvents();
  const ackedBefore = ackedAt.findLast(({ at }) => at < (newest?.dataAt ?? 0))?.acked;
  expect(ackedBefore).toBeGreaterThan(0);
  expect(stored).toBeGreaterThanOrEqual(ackedBefore ?? Infinity);
  expect(stored).toBeLessThanOrEqual(acked);
  // Its hosts go on where they were: the collector is still the one that they know.
  expect((await collector.sendEvents(host, acked, 20)).ackedThrough).toBe(acked + 20);
});

test("a collector that runs is not restored over, and a backup that is broken is found out", async () => {
  const program = await collector.start();
  await collector.enrolHost();
  await backedUpAndDrilled();
  expect(await command("restore")).toBe(1);
  await kill(program);

  const packs = readdirSync(join(repository, "data"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const pack of packs) truncateSync(pack, Math.floor(statSync(pack).size / 2));
  expect(await command("drill")).toBe(1);

  expect(readBackupState(dataDir).problem).toMatchObject({ doing: "drill" });
  expect(readdirSync(join(dataDir, "backup")).filter((name) => name !== "cache")).toEqual([]);
});

test("a collector that was installed anew backs up nothing by itself, and its own is not taken for the lost one", async () => {
  const lost = await collector.start();
  await collector.enrolHost();
  await backedUpAndDrilled();
  const { newest } = readBackupState(dataDir);
  await kill(lost);
  rmSync(dataDir, { recursive: true });
  mkdirSync(dataDir);

  const fresh = await collector.start();
  expect(readBackupState(dataDir)).toEqual({});
  expect(await command("backup")).toBe(0);
  await kill(fresh);

  expect(await command("restore")).toBe(1);
  expect(await command("restore", newest?.restorePoint.slice(0, 12) ?? "")).toBe(0);
  expect(inspectDatabase(join(dataDir, "collector.db")).rows["host"]).toBe(1);
});
