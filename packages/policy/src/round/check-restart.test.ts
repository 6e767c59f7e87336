import { MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import type { Verdict } from "../actions/action.ts";
import { containerTarget } from "../actions/target.ts";
import { guardrailsSchema } from "../guardrails.ts";
import { healthy, tries, withSignals, withTries } from "../testing/healing.ts";
import { image, NOW, unhealthy, worldWith } from "../testing/world.ts";
import { checkHeal, checkHeals } from "./check-restart.ts";
import type { World } from "./world.ts";

const WEB = unhealthy("web");
const WORLD = worldWith({ containers: [WEB] });
const SPEC = { recreate: true, budget: { restarts: 1 } };

function wrong(world: World, decision = "restart", spec: object = SPEC): unknown[] {
  const step: Verdict = { target: containerTarget(WEB), decision, reason: { why: "unhealthy" } };
  return checkHeal(step, world, spec).filter((violation) => violation !== false);
}

test("a heal needs a running, sick container that nobody has in hand", () => {
  const about = <T>(value: T) => new Map([[WEB.id as string, value]]);
  const facts = (change: Partial<typeof WEB>) => worldWith({ containers: [{ ...WEB, ...change }] });

  expect(wrong(WORLD)).toEqual([]);
  expect(wrong(facts({ state: "paused" }))).toEqual(["is paused"]);
  expect(wrong(facts(healthy("web")))).toEqual(["is healthy"]);
  expect(wrong(facts({ autoRemove: true }))).toEqual(["would be removed"]);
  expect(wrong({ ...WORLD, self: ["web"] })).toEqual(["belongs to the agent"]);
  expect(wrong(withSignals(WORLD, { busy: about("backup") }))).toEqual(["has backup at work on it"]);
  expect(wrong(withSignals(WORLD, { touches: about({ at: NOW - 29_000, what: "kill" as const }) }))).toEqual([
    "somebody did kill it a moment ago",
  ]);
  expect(wrong(withSignals(WORLD, { pauses: [{ until: NOW + 1, reason: "r" }] }))).toEqual([
    "healing is paused",
  ]);
  expect(wrong(withSignals(WORLD, { engineUpSince: NOW - MINUTE_MS }))).toEqual([
    "its engine came up a moment ago",
  ]);
  expect(wrong(withSignals(WORLD, { sickImages: new Map([[WEB.imageId as string, 3]]) }))).toEqual([
    "its image is sick on many hosts",
  ]);
});

test("no rung is skipped, and nothing is made anew that policy and guardrails do not both allow", () => {
  const tried = (count: number) =>
    withTries(WORLD, { web: tries(...Array.from({ length: count }, () => [MINUTE_MS, "failed"] as const)) });
  const allowing = (world: World) => ({
    ...world,
    guardrails: guardrailsSchema.parse({ allow: { recreate: ["web"] } }),
  });

  expect(wrong(WORLD, "kill")).toEqual(["was not tried more gently before"]);
  expect(wrong(tried(1), "kill")).toEqual([]);
  expect(wrong(tried(2), "recreate")).toEqual(["must not be made anew"]);
  expect(wrong(allowing(tried(2)), "recreate", {})).toEqual(["must not be made anew"]);
  expect(wrong(allowing(tried(1)), "recreate")).toEqual(["was not killed before it is made anew"]);
  expect(wrong(allowing(tried(2)), "recreate")).toEqual([]);
});

test("budgets of containers, and caps of host and image, hold over what was tried before", () => {
  const imageId = image("app:1").id;
  const [a, b] = [unhealthy("a", { imageId }), unhealthy("b", { imageId })];
  const world = worldWith({ containers: [a, b] });
  const steps = [a, b].map((one): Verdict => ({
    target: containerTarget(one),
    decision: "restart",
    reason: { why: "unhealthy" },
  }));
  const found = (tried: Parameters<typeof withTries>[1], spec: object) =>
    checkHeals(steps, withTries(world, tried), spec);

  expect(found({}, {})).toEqual([]);
  expect(found({ a: tries([1, "failed"]) }, { budget: { restarts: 1 } })).toEqual([
    "2 restarts of a, limit 1",
  ]);
  expect(found({ a: tries([MINUTE_MS, "failed"]) }, { budget: { restarts: 1, again: "1m" } })).toEqual([]);
  expect(found({ gone: tries([1, "healed"]) }, { perHost: { restarts: 2 } })).toEqual([
    "3 heals of the host, limit 2",
  ]);
  expect(found({}, { perImage: { restarts: 1 } })).toEqual([`2 heals of image ${imageId}, limit 1`]);
  expect(found({}, { budget: "none" })).toEqual(["its budget cannot be read"]);
});
