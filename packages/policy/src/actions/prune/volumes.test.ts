import { days } from "@shipkeeper/kit";
import type { Volume } from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import type { World } from "../../round/world.ts";
import { container, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const anonymous = (name: string, facts: Partial<Volume> = {}) =>
  plainVolume(name, { anonymous: true, sizeBytes: 5e6, ...facts });

/** A world that saw each volume without a container for `idleDays`, and backed each up the day after. */
function worldOf(
  volumes: Volume[],
  facts: Partial<World> & { idleDays?: number; verified?: boolean } = {},
): World {
  const { idleDays = 40, verified = true, ...rest } = facts;
  const world = worldWith({ volumes }, rest);
  const since = NOW - days(idleDays);
  const restorePoints = volumes.map(({ name }) => ({
    id: `point-of-${name}`,
    repository: "local",
    dataset: `volume:${name}`,
    at: since + days(1),
    ...(verified && { verifiedAt: NOW - 1 }),
  }));
  const orphans = { networks: new Map(), volumes: new Map(volumes.map(({ name }) => [name, since])) };
  return { ...world, ledger: { ...world.ledger, orphans, restorePoints } };
}

const plan = (world: World, volumes: object = {}) => planPrune(pruneSpecSchema.parse({ volumes }), world);

test("an anonymous volume goes when it was orphaned for long enough and can be restored", () => {
  const planned = plan(worldOf([anonymous("a")]));

  expect(verdicts(planned)).toEqual({ a: "remove: orphaned" });
  expect(planned.verdicts[0]).toMatchObject({
    bytes: 5e6,
    expect: { name: "a", restorePoint: "point-of-a", restorableFrom: "local" },
  });
});

test("without a restore point that its repository listed after the last use, it stays; an empty one needs none", () => {
  const volumes = [
    anonymous("full"),
    anonymous("empty", { sizeBytes: 0 }),
    anonymous("unmeasured", { sizeBytes: undefined }),
  ];
  const kept = { full: "keep: no-restore-point", unmeasured: "keep: no-restore-point" };
  const before = worldOf(volumes);
  const restorePoints = before.ledger.restorePoints.map((point) => ({ ...point, at: NOW - days(41) }));

  expect(verdicts(plan(worldOf(volumes, { verified: false })))).toEqual({
    ...kept,
    empty: "remove: orphaned",
  });
  expect(verdicts(plan({ ...before, ledger: { ...before.ledger, restorePoints } }))).toMatchObject(kept);
});

test("what was orphaned lately, changed since, or is not remembered stays: a lost memory is young", () => {
  expect(verdicts(plan(worldOf([anonymous("a")], { idleDays: 29 })))).toEqual({
    a: "keep: orphaned-recently",
  });
  expect(verdicts(plan(worldOf([anonymous("a", { createdAt: NOW - days(2) })])))).toEqual({
    a: "keep: orphaned-recently",
  });
  expect(verdicts(plan(worldWith({ volumes: [anonymous("a")] })))).toEqual({ a: "keep: not-remembered" });
});

test("a volume that anything refers to stays, whoever says so", () => {
  const ended = container("db", { state: "exited" });
  const volumes = [
    anonymous("mounted", { users: [ended.id] }),
    anonymous("counted", { refCount: 1 }),
    anonymous("remote", { driver: "nfs" }),
    anonymous("gold", { labels: { tier: "gold" } }),
    anonymous("cache-1"),
    anonymous("precious"),
  ];
  const guardrails = guardrailsSchema.parse({ neverTouch: { volumes: ["precious"] } });
  const world = worldOf(volumes, { guardrails });
  const withUser = { ...world, inventory: { ...world.inventory, containers: [ended] } };

  expect(verdicts(plan(withUser, { except: ["cache-*"], exceptLabels: { tier: "*" } }))).toMatchObject({
    mounted: "keep: in-use",
    counted: "keep: in-use",
    remote: "keep: not-local",
    gold: "keep: excepted",
    "cache-1": "keep: excepted",
    precious: "keep: never-touch",
  });
});

test("a named volume goes only where the rule and the guardrails both name it", () => {
  const allowed = guardrailsSchema.parse({ allow: { volumes: ["ci-*"] } });
  const named = { named: ["*"] };
  const volumes = [plainVolume("ci-1"), plainVolume("pgdata")];

  expect(verdicts(plan(worldOf(volumes, { guardrails: allowed })))).toEqual({
    "ci-1": "keep: named-volume",
    pgdata: "keep: named-volume",
  });
  expect(verdicts(plan(worldOf(volumes, { guardrails: allowed }), named))).toEqual({
    "ci-1": "remove: orphaned",
    pgdata: "refuse: not-allowed",
  });
});

test("nothing goes while containers or volumes could not all be read, and never more than five go at once", () => {
  const seven = Array.from({ length: 7 }, (_, index) => anonymous(`v${index}`));
  const gaps = [{ section: "containers" as const, error: "timeout" }];
  const world = worldOf(seven);
  const decisions = (planned: ReturnType<typeof plan>) =>
    planned.verdicts.filter(({ target }) => target.type === "volume").map(({ decision }) => decision);

  expect(decisions(plan(world)).filter((decision) => decision === "remove")).toHaveLength(5);
  expect(new Set(decisions(plan({ ...world, inventory: { ...world.inventory, gaps } })))).toEqual(
    new Set(["refuse"]),
  );
});
