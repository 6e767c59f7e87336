import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AlreadyRunning, takeLock } from "./lock.ts";

let folder: string;
let file: string;
let holder: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  file = join(folder, "below", "agent.lock");
});
afterEach(() => {
  holder?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

test("a lock is held by one until it lets go", () => {
  const first = takeLock(file);
  expect(() => takeLock(file)).toThrow(AlreadyRunning);

  first.release();

  takeLock(file).release();
});

test("a program holds its lock without keeping an eye on it, until it is killed", async () => {
  const script = `const { takeLock } = await import(${JSON.stringify(import.meta.resolve("./lock.ts"))});
    takeLock(process.argv[1]); globalThis.gc(); setTimeout(() => console.log("held"), 20); setInterval(() => {}, 1e6);`;
  const started = spawn(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  holder = started;
  await once(started.stdout, "data");
  expect(() => takeLock(file)).toThrow(AlreadyRunning);

  started.kill("SIGKILL");
  await once(started, "exit");

  takeLock(file).release();
});
