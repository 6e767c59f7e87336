import type { HealthStatus } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { ProbeState } from "../../round/signals.ts";
import { hasRecovered } from "./recovered.ts";

const STARTED_AT = 100_000;

function recovered({
  health = "none" as HealthStatus,
  probes = undefined as readonly Partial<ProbeState>[] | undefined,
  ranMs = 1_000,
  state = "running" as "running" | "exited",
}) {
  const plain: ProbeState = {
    probe: "shop/api",
    kind: "http",
    lastAt: STARTED_AT + 1,
    failuresInARow: 0,
    needed: 3,
    said: "HTTP 200",
  };
  const container = { state, startedAt: STARTED_AT, health: { status: health, failingStreak: 0, log: [] } };
  return hasRecovered(
    container,
    probes?.map((probe) => ({ ...plain, ...probe })),
    STARTED_AT + ranMs,
  );
}

test("a health check must say so", () => {
  expect(recovered({ health: "healthy" })).toBe(true);
  expect(recovered({ health: "starting", ranMs: 60_000 })).toBe(false);
  expect(recovered({ health: "unhealthy" })).toBe(false);
});

test("each probe must have answered in this life", () => {
  expect(recovered({ probes: [{}] })).toBe(true);
  expect(recovered({ probes: [{}, { lastAt: STARTED_AT - 1 }] })).toBe(false);
  // Failures of the start period do not count, and are no answers either.
  expect(recovered({ probes: [{ failingSince: STARTED_AT + 1 }], ranMs: 60_000 })).toBe(false);
});

test("health check and probes must agree", () => {
  expect(recovered({ health: "healthy", probes: [{ failingSince: STARTED_AT }] })).toBe(false);
  expect(recovered({ health: "starting", probes: [{}] })).toBe(false);
});

test("what nobody asks must have run for ten seconds", () => {
  expect(recovered({ ranMs: 9_999 })).toBe(false);
  expect(recovered({ ranMs: 10_000 })).toBe(true);
  expect(recovered({ ranMs: 10_000, state: "exited" })).toBe(false);
});
