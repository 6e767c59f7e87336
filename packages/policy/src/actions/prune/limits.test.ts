import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { NO_STEPS, type RuleDay, type StepCounts } from "../../round/step-counts.ts";
import { ended, image, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const plan = (spec: object, world: ReturnType<typeof worldWith>) =>
  planPrune(pruneSpecSchema.parse({ images: { unusedFor: "14d" }, ...spec }), world);

/** As many images as asked for, the first one unused for the longest time. */
const images = (count: number) =>
  Array.from({ length: count }, (_, index) => image(`web:${index}`, { ageDays: 500 - index }));

const removed = (planned: ReturnType<typeof plan>) =>
  planned.verdicts.filter(({ decision }) => decision === "remove").map(({ target }) => target.name);

test("over a limit the longest unused go first, and the rest waits for the next run and says for which limit", () => {
  const planned = plan({ limits: { items: 2 } }, worldWith({ images: images(4) }));

  expect(verdicts(planned)).toEqual({
    "web:0": "remove: unused",
    "web:1": "remove: unused",
    "web:2": "wait: limit",
    "web:3": "wait: limit",
  });
  expect(planned.verdicts[2]?.reason).toEqual({
    why: "limit",
    limit: "limits.items",
    most: 2,
    unit: "items",
  });
});

test("a share is of what the host has, and never means fewer than ten things", () => {
  expect(removed(plan({ limits: { share: "50%" } }, worldWith({ images: images(3) })))).toHaveLength(3);
  expect(removed(plan({ limits: { share: "50%" } }, worldWith({ images: images(40) })))).toHaveLength(20);
  expect(removed(plan({ limits: { share: "1%" } }, worldWith({ images: images(40) })))).toHaveLength(10);
});

test("a limit in bytes lets a smaller thing go where a larger one does not fit", () => {
  const world = worldWith({
    images: [
      image("a:1", { ageDays: 90, sizeBytes: 60e6 }),
      image("b:1", { ageDays: 80, sizeBytes: 60e6 }),
      image("c:1", { ageDays: 70, sizeBytes: 40e6 }),
    ],
  });

  const planned = plan({ limits: { bytes: "100MB" } }, world);

  expect(verdicts(planned)).toEqual({
    "a:1": "remove: unused",
    "c:1": "remove: unused",
    "b:1": "wait: limit",
  });
  expect(planned.limitBytes).toBe(100e6);
});

test("the stricter of policy and guardrails wins, per run and per day", () => {
  const containers = [ended("a", { hoursAgo: 9 }), ended("b", { hoursAgo: 8 }), ended("c", { hoursAgo: 7 })];
  const limited = (limits: object, lastDay: Partial<StepCounts> = {}) => {
    const world = worldWith(
      { images: images(5), containers },
      { guardrails: guardrailsSchema.parse({ limits }) },
    );
    return plan(
      { containers: { exitedFor: "1h" } },
      { ...world, ledger: { ...world.ledger, lastDay: { ...NO_STEPS, ...lastDay } } },
    );
  };

  expect(removed(limited({ perRun: { images: 2, containers: 1 } }))).toEqual(["a", "web:0", "web:1"]);
  expect(removed(limited({ perDay: { images: 4 } }, { images: 3, containers: 9 }))).toEqual([
    "a",
    "b",
    "c",
    "web:0",
  ]);
  expect(removed(limited({ perDay: { images: 4 } }, { images: 9 }))).toHaveLength(3);
  expect(limited({ perRun: { bytes: "1GB" } }).limitBytes).toBe(1e9);
});

test("a rule's own day counts what its runs did before, in items and in bytes", () => {
  const world = worldWith({ images: images(5) });
  const today = (perDay: object, done: RuleDay) => {
    const spec = pruneSpecSchema.parse({ images: { unusedFor: "14d" }, limits: { perDay } });
    const ledger = { ...world.ledger, ruleDays: new Map([["p/cache", done]]) };
    return removed(planPrune(spec, { ...world, ledger }, "p/cache"));
  };

  expect(today({ items: 4 }, { items: 3, bytes: 0 })).toEqual(["web:0"]);
  expect(today({ items: 4 }, { items: 9, bytes: 0 })).toEqual([]);
  expect(today({ bytes: "300MB" }, { items: 1, bytes: 100e6 })).toEqual(["web:0", "web:1"]);
});

test("what an image is built on tells the size of what it shares, before anything was measured", () => {
  const world = worldWith({
    images: [
      image("base:1", { ageDays: 1, layers: ["base"], sizeBytes: 60e6 }),
      image("child:1", { layers: ["base", "own"], sizeBytes: 100e6 }),
    ],
  });

  const { verdicts } = plan({ images: { unusedFor: "14d" } }, world);

  expect(verdicts.map(({ target, bytes }) => [target.name, bytes])).toEqual([
    ["child:1", 40e6],
    ["base:1", 60e6],
  ]);
});

test("a layer counts for the last image that has it, so the estimates of a run add up", () => {
  const world = worldWith({
    images: [
      image("twin:1", { ageDays: 90, layers: ["base", "app"] }),
      image("twin:2", { ageDays: 80, layers: ["base", "app"] }),
      image("child:1", { ageDays: 70, layers: ["shared", "own"], sharedBytes: 70e6 }),
      image("stays:1", { ageDays: 1, layers: ["shared", "other"] }),
    ],
  });

  const bytes = plan({}, world).verdicts.map((verdict) => [verdict.target.name, verdict.bytes]);

  expect(Object.fromEntries(bytes)).toEqual({
    "twin:1": 0,
    "twin:2": 100e6,
    "child:1": 30e6,
    "stays:1": 100e6,
  });
});
