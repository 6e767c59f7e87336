import { days } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { containerTarget } from "../actions/target.ts";
import { container, ended, NOW, worldWith } from "../testing/world.ts";
import { checkExpire } from "./check-expire.ts";
import { checkStep } from "./check-step.ts";
import type { PlannedRule } from "./round.ts";
import type { Expiry, World } from "./world.ts";

const SPEC = { all: true, olderThan: "30d", announce: "3d", limits: { items: 2, perProject: 1 } };

const step = (decision: string, one: Container) => ({
  target: containerTarget(one),
  decision,
  reason: { why: "expired" },
  expect: { id: one.id },
});

const told = (one: Container, facts: Partial<Expiry> = {}): Expiry => ({
  rule: "p/expire",
  containerId: one.id,
  bornAt: one.startedAt ?? 0,
  announcedAt: NOW - days(3),
  endsAt: NOW,
  ...facts,
});

function violations(
  verdicts: PlannedRule["verdicts"],
  containers: Container[],
  expiries: Expiry[],
): string[] {
  const world = worldWith({ containers });
  const planned: PlannedRule = { policy: "p", rule: "expire", kind: "expire", mode: "enforce", verdicts };
  const found = checkExpire(planned, { ...world, ledger: { ...world.ledger, expiries } }, SPEC);
  return found.map((violation) => violation.replaceAll(/[0-9a-f]{64}/g, "it"));
}

test("a stop needs an announcement of this rule, to this life of the container, that is old enough", () => {
  const one = container("one");
  const stop = (...expiries: Expiry[]) => violations([step("stop", one)], [one], expiries);

  expect(stop(told(one))).toEqual([]);
  expect(stop()).toEqual(["stop it: never announced"]);
  expect(stop(told(one, { rule: "p/other" }))).toEqual(["stop it: never announced"]);
  expect(stop(told(one, { announcedAt: NOW - days(2) }))).toEqual(["stop it: earlier than announced"]);
  expect(stop(told(one, { endsAt: NOW + 1 }))).toEqual(["stop it: earlier than announced"]);
  expect(stop(told(one, { bornAt: 1 }))).toEqual(["stop it: announced for another start of it"]);
  expect(stop(told(one, { stopped: { at: NOW - 1, finishedAt: NOW - 1 } }))).toEqual([
    "stop it: somebody wants it to run",
  ]);
});

test("only what the rule itself stopped is removed", () => {
  const one = ended("one");
  const remove = (expiry: Expiry) => violations([step("remove", one)], [one], [expiry]);

  expect(remove(told(one, { stopped: { at: NOW, finishedAt: one.finishedAt ?? 0 } }))).toEqual([]);
  expect(remove(told(one))).toEqual(["remove it: not stopped by this rule"]);
  expect(remove(told(one, { stopped: { at: NOW, finishedAt: NOW } }))).toEqual([
    "remove it: not stopped by this rule",
  ]);
});

test("databases, compose and what starts again need to be named, and stacks go one by one", () => {
  const database = container("db", { image: "postgres:15" });
  const again = container("again", { restartPolicy: { name: "always", maximumRetries: 0 } });
  const shop = ["web", "api", "mail"].map((service) =>
    container(service, { compose: { project: "shop", service, number: "1" } }),
  );

  expect(violations([step("announce", database)], [database], [])).toEqual(["it is a database"]);
  expect(violations([step("stop", again)], [again], [told(again)])).toEqual(["it would start again"]);
  expect(
    violations(
      shop.map((one) => step("stop", one)),
      shop,
      shop.map((one) => told(one)),
    ),
  ).toEqual([...shop.map(() => "it belongs to compose"), "3 items, limit 2", "3 items of shop, limit 1"]);
});

test("whatever was told, some containers take no step", () => {
  const wrong = (one: Container, decision = "stop", more: Container[] = [], facts: Partial<World> = {}) =>
    checkStep(step(decision, one), {
      kind: "expire",
      world: worldWith({ containers: [one, ...more] }, facts),
      spec: {},
    }).map((violation) => violation.replace(/^.*: /, ""));
  const one = container("one");
  const { privileges } = one;

  expect(wrong(one)).toEqual([]);
  expect(wrong(one, "remove")).toEqual(["is running"]);
  expect(wrong(ended("over"), "announce")).toEqual(["is exited"]);
  expect(wrong(one, "stop", [], { self: ["one"] })).toEqual(["belongs to the agent"]);
  expect(wrong(container("x", { autoRemove: true }))).toEqual(["would be removed"]);
  expect(wrong(container("x", { swarm: { service: "s", task: "t" } }))).toEqual([
    "belongs to an orchestrator",
  ]);
  expect(
    wrong(one, "stop", [container("g", { privileges: { ...privileges, networkMode: "container:one" } })]),
  ).toEqual(["another container lives in its network"]);
});
