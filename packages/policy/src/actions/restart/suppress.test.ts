import { MINUTE_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import type { ProbeState, Touch } from "../../round/signals.ts";
import { firstVerdict, healthy, planHealing, sick, withSignals } from "../../testing/healing.ts";
import { containerId, image, NOW, worldWith } from "../../testing/world.ts";

const WEB = containerId("web") as string;

test("what somebody does to a container is not undone for its stop timeout and half a minute", () => {
  const touched = (agoMs: number, facts = {}, spec = {}, what: Touch["what"] = "kill") =>
    firstVerdict(withSignals(sick([], facts), { touches: new Map([[WEB, { at: NOW - agoMs, what }]]) }), spec)
      .why;

  expect(touched(39_999)).toBe("touched");
  expect(touched(40_000)).toBe("unhealthy");
  expect(touched(89_999, { stopTimeoutSeconds: 60 })).toBe("touched");
  expect(touched(89_999, { stopTimeoutSeconds: 60 }, { stopTimeout: "5s" })).toBe("unhealthy");
  expect(touched(89_999, { labels: { "shipkeeper.stop-timeout": "1m" } }, { stopTimeout: "5s" })).toBe(
    "touched",
  );
  expect(touched(1_000, {}, {}, "restart")).toBe("touched");
});

test("the agent's own work, an ordered pause and a look that failed hold healing back", () => {
  const pause = (containers: string | undefined, until: Instant) => ({
    pauses: [{ ...(containers !== undefined && { containers }), until, reason: "deploy" }],
  });
  const gap = (section: "engine" | "containers" | "images", subject?: string) => {
    const world = sick([]);
    const gaps = [{ section, error: "timeout", ...(subject !== undefined && { subject }) }];
    return { ...world, inventory: { ...world.inventory, gaps } };
  };

  expect(firstVerdict(withSignals(sick([]), { busy: new Map([[WEB, "backup"]]) }))).toMatchObject({
    decision: "wait",
    why: "busy",
    work: "backup",
    sign: "unhealthy",
  });
  expect(firstVerdict(withSignals(sick([]), pause("w*", NOW + 1))).why).toBe("maintenance");
  expect(firstVerdict(withSignals(sick([]), pause(undefined, NOW + 1))).why).toBe("maintenance");
  expect(firstVerdict(withSignals(sick([]), pause("db*", NOW + 1))).why).toBe("unhealthy");
  expect(firstVerdict(withSignals(sick([]), pause(undefined, NOW))).why).toBe("unhealthy");
  expect(firstVerdict(gap("engine")).why).toBe("cannot-see");
  expect(firstVerdict(gap("containers", WEB)).why).toBe("cannot-see");
  expect(firstVerdict(gap("containers", "another")).why).toBe("unhealthy");
  expect(firstVerdict(gap("images")).why).toBe("unhealthy");
  expect(firstVerdict(withSignals(sick([]), { hostUpSince: NOW - 3_600_000 })).why).toBe("cannot-see");
});

test("what came back with its engine or host has three minutes; what was made since has not", () => {
  const up = (ago: Instant, facts = {}) =>
    firstVerdict(withSignals(sick([], facts), { hostUpSince: 0, engineUpSince: NOW - ago })).why;

  expect(up(3 * MINUTE_MS - 1)).toBe("engine-came-up");
  expect(up(3 * MINUTE_MS)).toBe("unhealthy");
  expect(up(2 * MINUTE_MS, { createdAt: NOW - MINUTE_MS })).toBe("unhealthy");
  expect(
    firstVerdict(withSignals(sick([]), { hostUpSince: NOW - MINUTE_MS, engineUpSince: NOW - MINUTE_MS })).why,
  ).toBe("host-came-up");
});

test("a container has its start period, whatever its check says in it", () => {
  const started = (secondsAgo: number, startPeriodMs: number) =>
    firstVerdict(
      sick([], {
        startedAt: NOW - secondsAgo * SECOND_MS,
        healthCheck: { test: [], intervalMs: 10_000, timeoutMs: 5_000, retries: 3, startPeriodMs },
      }),
    );

  expect(started(59, 60_000)).toMatchObject({ decision: "wait", why: "start-period", until: NOW + 1_000 });
  expect(started(60, 60_000).why).toBe("unhealthy");
  expect(started(1, 0).why).toBe("unhealthy");
});

test("a probe that fails heals a container that its own check is content with, but not in its start period", () => {
  const probe: ProbeState = {
    probe: "front",
    kind: "http",
    lastAt: NOW,
    failingSince: NOW - 20_000,
    failuresInARow: 3,
    needed: 3,
    said: "refused",
  };
  const started = (secondsAgo: number) => {
    const one = healthy("web", {
      startedAt: NOW - secondsAgo * SECOND_MS,
      healthCheck: { test: [], intervalMs: 10_000, timeoutMs: 5_000, retries: 3, startPeriodMs: 60_000 },
    });
    const world = withSignals(worldWith({ containers: [one] }), { probes: new Map([[WEB, [probe]]]) });
    return planHealing(world).verdicts[0];
  };

  expect(started(59)).toMatchObject({ decision: "wait", reason: { why: "start-period" } });
  expect(started(60)).toMatchObject({
    decision: "restart",
    reason: {
      why: "probe-failed",
      evidence: "probe front failed 3 times in a row (limit 3): refused",
    },
  });
  expect(started(60)?.expect).not.toHaveProperty("health");
});

test("what no start mends is handed over, but not while somebody works on it", () => {
  const deaths = Array.from({ length: 5 }, (_, index) => ({
    at: NOW - 5_000 + index * 1_000,
    outOfMemory: false,
    expected: false,
  }));
  const looping = { deaths: new Map([[WEB, deaths]]) };

  expect(firstVerdict(withSignals(sick([]), looping))).toMatchObject({
    decision: "hand-over",
    why: "crash-loop",
    sign: "crash-loop",
  });
  expect(
    firstVerdict(withSignals(sick([]), { ...looping, busy: new Map([[WEB, "restore"]]) })),
  ).toMatchObject({
    decision: "wait",
    why: "busy",
  });
});

test("a host at its limit is given room, and an image that is sick on three hosts is left to people", () => {
  const sickWith = (signals: Parameters<typeof withSignals>[1]) =>
    firstVerdict(withSignals(sick([]), signals));
  const imageId = image("of-web:1").id as string;

  expect(sickWith({ load: { memoryAvailable: 0.029 } })).toMatchObject({
    why: "host-pressure",
    what: "memoryAvailable",
  });
  expect(
    sickWith({ load: { memoryAvailable: 0.03, diskFree: 0.01, ioStalled: 0.4, loadPerCpu: 16 } }).why,
  ).toBe("unhealthy");
  expect(sickWith({ load: { ioStalled: 0.41 } })).toMatchObject({ decision: "wait", what: "ioStalled" });
  expect(sickWith({ sickImages: new Map([[imageId, 3]]) })).toMatchObject({
    decision: "wait",
    why: "fleet-storm",
  });
  expect(sickWith({ sickImages: new Map([[imageId, 2]]) }).why).toBe("unhealthy");
});
