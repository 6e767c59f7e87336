import { expect, test } from "vitest";
import type { StepOutcome } from "../action.ts";
import { measureExpire } from "./outcome.ts";

const step = (decision: string, facts: Partial<StepOutcome> = {}): StepOutcome => ({
  target: { type: "container", id: "1", name: "web" },
  decision,
  status: "done",
  startedAt: 1,
  finishedAt: 2,
  ...facts,
});

test("the figures of a run are what was announced, stopped and removed, and what had to be killed", () => {
  const steps = [
    step("announce"),
    step("announce", { status: "skipped", why: "already-gone" }),
    step("stop", { facts: { exitCode: 0, killed: false } }),
    step("stop", { facts: { exitCode: 137, killed: true } }),
    step("stop", { status: "failed", error: "timeout" }),
    step("remove"),
  ];

  expect(measureExpire({ steps })).toEqual({
    announced: 1,
    stopped: 2,
    killed: 1,
    containersRemoved: 1,
    failedSteps: 1,
  });
});
