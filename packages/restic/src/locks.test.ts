import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MINUTE_MS } from "@shipkeeper/kit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRestic } from "./restic.ts";

let folder: string;
let now: number;
let waits: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-locks-"));
  writeFileSync(join(folder, "password"), "secret");
  now = 0;
  waits = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LOCKED = "unable to create lock in backend: repository is already locked by PID 9 on other by root";

/** restic, but for what the script does with the command in $2. */
async function resticThat(script: string) {
  const binary = join(folder, "restic");
  const head = `#!/bin/sh\nif [ "$1" = version ]; then echo "restic 0.14.0 x"; exit 0; fi\ncd ${folder}\necho "$2" >> calls\n`;
  writeFileSync(binary, `${head}${script}\n`);
  chmodSync(binary, 0o755);
  const repositories = { local: { url: "/nowhere/r", passwordFile: join(folder, "password") } };
  const wait = async (ms: number) => {
    now += ms;
    waits.push(ms);
    if (now >= 5 * MINUTE_MS) writeFileSync(join(folder, "five-minutes"), "");
  };
  return (await openRestic({ repositories, binary, clock: () => now, wait }))!;
}

const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

test("a lock of a dead process goes at once, by restic's own judgement", async () => {
  const restic = await resticThat(
    `case "$2" in unlock) touch unlocked;; prune) [ -e unlocked ] || { echo "${LOCKED}" >&2; exit 1; };; esac`,
  );

  await restic.prune("local");

  expect(calls()).toEqual(["prune", "unlock", "prune"]);
  expect(waits).toEqual([0]);
});

test("a live lock is waited for with growing breaks, until it goes", async () => {
  const restic = await resticThat(
    `[ "$2" != prune ] || [ -e five-minutes ] || { echo "${LOCKED}" >&2; exit 1; }`,
  );

  await restic.prune("local");

  expect(existsSync(join(folder, "five-minutes"))).toBe(true);
  expect(waits.slice(0, 5)).toEqual([0, 2_000, 4_000, 8_000, 15_000]);
});

test("after ten minutes the lock is told of", async () => {
  const restic = await resticThat(`[ "$2" != prune ] || { echo "${LOCKED}" >&2; exit 1; }`);

  await expect(restic.prune("local")).rejects.toMatchObject({ code: "repository_locked" });

  expect(now).toBeGreaterThan(8 * MINUTE_MS);
  expect(now).toBeLessThan(10 * MINUTE_MS);
});

test("looking needs no lock, and restoring goes on without one where none can be had", async () => {
  const restic = await resticThat(
    `echo "$@" >> all; case "$*" in *--no-lock*) echo "[]";; *) echo "${LOCKED}" >&2; exit 1;; esac`,
  );

  await restic.snapshots("local", {});
  await restic.restore("local", { id: "ab".repeat(32), target: join(folder, "target"), cell: undefined });

  expect(calls()).toEqual(["snapshots", "restore", "restore"]);
  expect(waits).toEqual([]);
});
