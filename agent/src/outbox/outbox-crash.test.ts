import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openOutbox } from "./outbox.ts";

const PROGRAM = join(import.meta.dirname, "testing/append-for-ever.ts");
const ROUNDS = 2;
const LINES_PER_ROUND = 50;

test("what `append` returned is there after kill -9, in the same epoch, without a gap", async () => {
  const folder = mkdtempSync(join(tmpdir(), "outbox-crash-"));
  const file = join(folder, "outbox.db");
  const epochs = new Set<string>();
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const last = await appendUntilKilled(file);

      const outbox = openOutbox(file, { clock: Date.now, mostBytes: 1e9 });
      const { enqueued, waiting } = outbox.accounts();
      epochs.add(outbox.epoch);
      outbox.close();
      expect(enqueued).toBeGreaterThanOrEqual(last);
      expect(waiting).toBe(enqueued);
    }
    expect(epochs.size).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);

/** The last number that the program said to have on disk. */
async function appendUntilKilled(file: string): Promise<number> {
  const program = spawn(process.execPath, [PROGRAM, file], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  program.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.split("\n").length > LINES_PER_ROUND) program.kill("SIGKILL");
  });
  await once(program, "close");
  return Number(printed.trimEnd().split("\n").at(-1));
}
