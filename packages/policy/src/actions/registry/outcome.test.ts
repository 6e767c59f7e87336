import { expect, test } from "vitest";
import type { StepOutcome } from "../action.ts";
import { measureRegistry } from "./outcome.ts";

test("a run counts digests, tags and what garbage collection can free; a step without facts freed nothing", () => {
  const step = (status: StepOutcome["status"], facts?: StepOutcome["facts"]): StepOutcome => ({
    target: { type: "registry-tag", id: "r/web@sha256:1", name: "web:1" },
    decision: "remove",
    status,
    startedAt: 1,
    finishedAt: 2,
    ...(facts !== undefined && { facts }),
  });

  const measures = measureRegistry({
    steps: [
      step("done", { tags: 2, reclaimableBytes: 700 }),
      step("done", { tags: 0, reclaimableBytes: 50 }),
      step("done"),
      step("skipped", { changed: "tags" }),
      step("failed"),
      step("unknown"),
    ],
  });

  expect(measures).toEqual({ manifestsDeleted: 2, tagsDeleted: 2, reclaimableBytes: 750, failedSteps: 2 });
});
