import { expect, test } from "vitest";
import { NOW } from "../../testing/world.ts";
import { measurePrune } from "./outcome.ts";

const step = (type: "image" | "container", status: "done" | "skipped" | "failed" | "unknown") => ({
  target: { type, id: "i", name: "n" },
  decision: "remove",
  status,
  startedAt: NOW,
  finishedAt: NOW,
});

test("only what is gone counts as removed, and a step that nobody could settle counts as failed", () => {
  const steps = [
    step("image", "done"),
    step("image", "skipped"),
    step("container", "done"),
    step("container", "failed"),
    step("image", "unknown"),
  ];

  expect(measurePrune({ steps, freedBytes: 12 })).toEqual({
    imagesRemoved: 1,
    containersRemoved: 1,
    volumesRemoved: 0,
    networksRemoved: 0,
    buildCacheRemoved: 0,
    freedBytes: 12,
    failedSteps: 2,
  });
});

test("a disk that others fill meanwhile makes no negative gain", () => {
  expect(measurePrune({ steps: [], freedBytes: -5 })).toMatchObject({ freedBytes: 0 });
});
