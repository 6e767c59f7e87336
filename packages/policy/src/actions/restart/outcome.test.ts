import { expect, test } from "vitest";
import { NOW } from "../../testing/world.ts";
import { measureRestart } from "./outcome.ts";

test("a restart counts as healed only when the health check said so", () => {
  const step = {
    target: { type: "container" as const, id: "i", name: "n" },
    decision: "restart",
    startedAt: NOW,
    finishedAt: NOW,
  };

  const steps = [
    { ...step, status: "done" as const, facts: { healed: true, downtimeMs: 900 } },
    { ...step, status: "done" as const, facts: { healed: false } },
    { ...step, status: "done" as const },
    { ...step, status: "failed" as const },
  ];

  expect(measureRestart({ steps })).toEqual({ restarts: 3, healed: 1, downtimeMs: 900, failedSteps: 1 });
});
