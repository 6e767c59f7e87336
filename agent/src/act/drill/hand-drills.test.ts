import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RUN_ID } from "../testing/act-world.ts";
import { handDrills } from "./hand-drills.ts";

test("a drill by hand is known while it goes on, is abandoned when its program dies, and forgotten when all of it is gone", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "hand-drills-"));
  onTestFinished(() => rmSync(stateDir, { recursive: true }));
  const drills = handDrills(stateDir);
  const seen = () => [drills.has(RUN_ID), drills.abandoned()];

  expect(seen()).toEqual([false, []]);
  const begun = drills.begin(RUN_ID);
  expect(seen()).toEqual([true, []]);
  begun.release(); // as the kernel does for a program that dies
  expect(seen()).toEqual([true, [RUN_ID]]);
  drills.forget(RUN_ID);
  expect(seen()).toEqual([false, []]);
});
