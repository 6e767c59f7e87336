import { hostIdSchema, roundIdSchema } from "@shipkeeper/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isStep, type Trigger, type Verdict } from "../actions/action.ts";
import type { PolicyBundle } from "../language/policy.ts";
import { arbitraryBundle } from "../testing/arbitrary-bundle.ts";
import { arbitraryWorld } from "../testing/arbitrary-world.ts";
import { greedyBundle } from "../testing/greedy-bundle.ts";
import { referencesOf } from "../testing/references.ts";
import { checkRound } from "./check-round.ts";
import { planRound } from "./plan-round.ts";
import type { Round } from "./round.ts";
import type { World } from "./world.ts";

/** The same fleet each time: a failure names the host by its number, and the host is the same tomorrow. */
const SEED = 20_300_131;
const HOSTS = 2_500;
const ROUND_ID = roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa");
const TRIGGERS: readonly Trigger[] = ["scheduled", "continuous"];

const worlds = fc
  .sample(arbitraryWorld, { seed: SEED, numRuns: HOSTS })
  .map((world, number): World => ({ ...world, hostId: hostIdOf(number) }));
const bundles = fc.sample(arbitraryBundle, { seed: SEED, numRuns: 50 });

function hostIdOf(number: number) {
  return hostIdSchema.parse(`00000000-0000-4000-8000-${String(number).padStart(12, "0")}`);
}

function roundsOf(world: World, bundle: PolicyBundle): Round[] {
  return TRIGGERS.map((trigger) => roundOf(world, bundle, trigger));
}

function roundOf(world: World, bundle: PolicyBundle, trigger: Trigger): Round {
  return planRound({
    bundle,
    world,
    trigger,
    roundId: ROUND_ID,
    lastRuns: new Map(),
    stopFilePresent: false,
  });
}

function stepsOf(round: Round): Verdict[] {
  return round.planned.flatMap(({ verdicts }) => verdicts.filter(isStep));
}

/** What a plan would take away although something on the host still refers to it, one line each. */
function wronglyRemoved(world: World, bundle: PolicyBundle, number: number): string[] {
  const isReferenced = referencesOf(world.inventory);
  return roundsOf(world, bundle)
    .flatMap(stepsOf)
    .filter(({ decision, target }) => decision === "remove" && isReferenced(target))
    .map(({ target }) => `host ${number}: ${target.type} ${target.name}`);
}

test(`2,500 hosts under fifty policies: every round is sound (P3–P6, A1, A2, A7)`, () => {
  const violations = worlds.flatMap((world, number) => {
    const bundle = bundles[number % bundles.length] as PolicyBundle;
    return roundsOf(world, bundle).flatMap((round) =>
      checkRound(round, world, bundle).map((violation) => `host ${number}: ${violation}`),
    );
  });

  expect(violations).toEqual([]);
});

test("backups of every sort are planned somewhere, and data is left out for every sort of obstacle", () => {
  const seen = new Set<string>();
  for (const [number, world] of worlds.entries()) {
    const bundle = bundles[number % bundles.length] as PolicyBundle;
    const backups = roundOf(world, bundle, "scheduled").planned.filter(({ kind }) => kind === "backup");
    for (const { target, decision, reason, expect: facts } of backups.flatMap(({ verdicts }) => verdicts)) {
      const [kind = ""] = target.id.split(":");
      seen.add(facts === undefined ? reason.why : `${decision} ${kind}`);
      if (facts?.["containers"] !== "") seen.add(`holds: ${String(facts?.["consistency"])}`);
    }
  }

  expect([...seen]).toEqual(
    expect.arrayContaining([
      "back-up volume",
      "back-up bind",
      "back-up dump",
      "back-up host",
      "back-up image",
      "copy volume",
      "copy dump",
      "holds: stop",
      "holds: hook",
      "container-is-self",
      "container-protected",
      "container-managed",
      "containers-unknown",
      "hook-unknown",
      "hook-homeless",
      "bind-not-allowed",
      "in-registry",
      "no-data",
      "never-touch",
    ]),
  );
});

test("the greediest policy that can be written is sound, too, and removes nothing that anything refers to", () => {
  const bundle = greedyBundle();
  const wrong = worlds.flatMap((world, number) => [
    ...roundsOf(world, bundle).flatMap((round) => checkRound(round, world, bundle)),
    ...wronglyRemoved(world, bundle, number),
  ]);

  expect(wrong).toEqual([]);
});

test("the greedy policy does find something to remove: the promise above is not an empty one", () => {
  const removed = worlds
    .slice(0, 200)
    .flatMap((world) => roundsOf(world, greedyBundle()).flatMap(stepsOf))
    .filter(({ decision }) => decision === "remove");

  const types = new Set(removed.map(({ target }) => target.type));
  expect([...types].sort()).toEqual([
    "build-cache",
    "container",
    "image",
    "network",
    "registry-tag",
    "volume",
  ]);
});

test("nor is the promise of sound healing: every rung is planned somewhere, and every sign that can be mended", () => {
  const bundle = greedyBundle();
  const steps = worlds.flatMap((world) => stepsOf(roundOf(world, bundle, "continuous")));

  expect([...new Set(steps.map(({ decision }) => decision))].sort()).toEqual(["kill", "recreate", "restart"]);
  expect([...new Set(steps.map(({ reason }) => reason.why))].sort()).toEqual([
    "ghost",
    "probe-failed",
    "unhealthy",
  ]);
});

test("no policy of the fifty removes anything that something refers to", () => {
  const wrong = worlds.flatMap((world, number) =>
    wronglyRemoved(world, bundles[number % bundles.length] as PolicyBundle, number),
  );

  expect(wrong).toEqual([]);
});
