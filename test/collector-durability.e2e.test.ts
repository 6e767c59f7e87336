/** The collector as a program of its own, killed without a word. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { collectorProgram, kill, type CollectorProgram } from "./collector-lab/collector-program.ts";

let folder: string;
let collector: CollectorProgram;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "collector-durability-"));
  collector = await collectorProgram(folder);
});
afterEach(() => {
  collector.close();
  rmSync(folder, { recursive: true });
});

test("what was acknowledged is there after the collector was killed (S1)", { timeout: 120_000 }, async () => {
  let program = await collector.start();
  const host = await collector.enrolHost();
  let acked = 0;

  for (let round = 0; round < 2; round += 1) {
    // The kill comes while batches are under way: some get their receipt, the last one does not.
    const killed = new Promise<void>((resolve) => {
      setTimeout(() => void kill(program).then(resolve), 300);
    });
    for (;;) {
      const receipt = await collector.sendEvents(host, acked, 20).catch(() => undefined);
      if (receipt === undefined) break;
      acked = receipt.ackedThrough;
    }
    await killed;
    program = await collector.start();

    const again = await collector.sendEvents(host, acked, 0);
    expect(again.ackedThrough).toBeGreaterThanOrEqual(acked);
    acked = again.ackedThrough;
  }

  expect(acked).toBeGreaterThan(0);
  expect(await collector.countEvents()).toBe(acked);
});

test("a second collector does not touch a folder that is in use", { timeout: 60_000 }, async () => {
  await collector.start();

  const second = collector.run([]);

  expect(await once(second, "exit")).toEqual([1, null]);
});

test("a configuration that cannot be used ends the program with 78", { timeout: 30_000 }, async () => {
  expect(await once(collector.run(["--config", "/nowhere"]), "exit")).toEqual([78, null]);
});
