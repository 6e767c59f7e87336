import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AlreadyRunning, takeLock } from "./lock.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  file = join(folder, "below", "agent.lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a lock is held by one until it lets go", () => {
  const first = takeLock(file);
  expect(() => takeLock(file)).toThrow(AlreadyRunning);

  first.release();

  takeLock(file).release();
});

test("a program that is killed holds no lock any more", async () => {
  const script = `const { takeLock } = await import(${JSON.stringify(import.meta.resolve("./lock.ts"))});
    takeLock(process.argv[1]); console.log("held"); setInterval(() => {}, 1e6);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", script, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  expect(() => takeLock(file)).toThrow(AlreadyRunning);

  holder.kill("SIGKILL");
  await once(holder, "exit");

  takeLock(file).release();
});
