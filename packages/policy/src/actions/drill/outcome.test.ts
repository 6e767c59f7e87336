import { expect, test } from "vitest";
import { NOW } from "../../testing/world.ts";
import { measureDrill, type DrillFacts } from "./outcome.ts";

test("only a step that names its receipt is a drill, and only one that is done has passed", () => {
  const facts: DrillFacts = { receipt: "r", repository: "local", bytes: 10, rtoMs: 7 };
  const target = { type: "dataset", id: "volume:a", name: "volume:a" } as const;
  const step = { target, decision: "drill", startedAt: NOW, finishedAt: NOW };

  const measures = measureDrill({
    steps: [
      { ...step, status: "done", facts },
      { ...step, status: "failed", facts: { receipt: "s", repository: "local", bytes: 5 } },
      { ...step, status: "skipped", why: "cut-off" },
      { ...step, status: "failed" },
    ],
  });

  expect(measures).toEqual({ drillsPassed: 1, drillsFailed: 1, drillBytes: 15, drillMs: 7, failedSteps: 2 });
});
