import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkRegistry } from "../../round/check-registry.ts";
import type { Outside } from "../../round/outside.ts";
import type { World } from "../../round/world.ts";
import { arbitraryOutside, arbitraryRegistrySpec } from "../../testing/arbitrary-registry.ts";
import { NOTHING_TODAY } from "../../round/step-counts.ts";
import { afterSteps } from "../../testing/simulate.ts";
import { image, NOW, worldWith } from "../../testing/world.ts";
import { isStep } from "../action.ts";
import { planRegistry } from "./plan.ts";
import { registrySpecSchema } from "./spec.ts";

const worldOf = (outside: Outside): World =>
  worldWith({ images: [image("image-0")] }, { outside, hostLabels: { hostname: "web-1" } });

const question = fc.record({ spec: arbitraryRegistrySpec, outside: arbitraryOutside });
/** A failure prints its seed, its path and the smallest registry that breaks the promise. */
const holds = (property: (drawn: { spec: unknown; world: World }) => void, numRuns: number) =>
  fc.assert(
    fc.property(question, ({ spec, outside }) => property({ spec, world: worldOf(outside) })),
    { numRuns },
  );

const stepsOf = (spec: unknown, world: World) =>
  planRegistry(registrySpecSchema.parse(spec), world, "p/r").verdicts.filter(isStep);

test("every plan passes the independent check, and every kind of step turns up", () => {
  const seen = new Map<string, number>();

  holds(({ spec, world }) => {
    const { verdicts } = planRegistry(registrySpecSchema.parse(spec), world, "p/r");
    for (const { reason } of verdicts.filter(isStep)) seen.set(reason.why, (seen.get(reason.why) ?? 0) + 1);
    expect(checkRegistry(verdicts, world, { spec, today: NOTHING_TODAY })).toEqual([]);
  }, 2_000);

  expect([...seen.keys()].sort()).toEqual(["old", "part-of-removed", "untagged"]);
});

test("whatever the collector tells, it only ever keeps: without its list the rule would take the same and more", () => {
  holds(({ spec: drawn, world }) => {
    const spec = { ...(drawn as object), limits: { items: 1_000, share: "100%" } };
    const outside = world.outside && {
      ...world.outside,
      fleetDigests: { at: NOW, count: 1, mostCount: 1, usedAt: new Map() },
    };
    const allowed = new Set(stepsOf(spec, { ...world, outside }).map(({ target }) => target.id));

    for (const { target } of stepsOf(spec, world)) expect(allowed).toContain(target.id);
  }, 1_000);
});

test("delete, look again, delete again: in the end nothing is left to do", () => {
  holds(({ spec, world: first }) => {
    let world = first;
    for (let round = 1; round <= 30; round += 1) {
      const { verdicts } = planRegistry(registrySpecSchema.parse(spec), world, "p/r");
      if (!verdicts.some(isStep)) return;
      world = afterSteps(world, [{ policy: "p", rule: "r", kind: "registry", mode: "enforce", verdicts }]);
    }
    expect.unreachable("thirty rounds were not enough");
  }, 500);
});
