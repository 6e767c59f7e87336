import { days, SECOND_MS } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { expectContainer, type Verdict } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { applyPlan } from "./apply-plan.ts";
import { expireHandler } from "./expire.ts";
import { actWorld, NOW, planOf, RUN_ID } from "./testing/act-world.ts";

const RULE = "lab/rule";

function runningContainer(...overrides: Parameters<typeof actWorld>) {
  const world = actWorld(...overrides);
  world.engine.addImage({ tags: ["web:1"] });
  const { id } = world.engine.addContainer({ image: "web:1", name: "web" });
  const look = async () => (await world.engine.container(id))!;
  const take = (verdict: Verdict) => expireHandler.take(verdict, world.context);
  return { ...world, id, look, take };
}

const step = (
  decision: string,
  container: Container,
  reason: Verdict["reason"] = { why: "expired" },
): Verdict => ({
  target: { type: "container", id: container.id, name: container.name, owner: "payments" },
  decision,
  reason,
  expect: expectContainer(container),
});

const announcement = (container: Container) =>
  step("announce", container, {
    why: "ends-soon",
    bornAt: container.startedAt,
    ageMs: days(28),
    limitMs: days(30),
    endsAt: NOW + days(3),
  });

test("an announcement is told with its owner and its end, and remembered", async () => {
  const { take, look, events, ledger, engine, id } = runningContainer();

  const outcome = await take(announcement(await look()));

  expect(outcome).toMatchObject({ status: "done", facts: { until: NOW + days(3) } });
  expect(events).toEqual([
    {
      what: "expiry-announced",
      subject: { type: "container", id, name: "web" },
      facts: { rule: RULE, until: NOW + days(3), owner: "payments" },
    },
  ]);
  expect(ledger.expiries.all()).toEqual([
    { rule: RULE, containerId: id, bornAt: NOW, announcedAt: NOW, endsAt: NOW + days(3) },
  ]);
  expect(engine.mutations).toEqual([]);
});

test("what cannot be told is not remembered as told", async () => {
  const tellEvent = () => {
    throw new Error("the disk is full");
  };
  const { context, look, ledger } = runningContainer({ tellEvent });
  const { outcomes } = await applyPlan(planOf(announcement(await look())), expireHandler, context);

  expect(await outcomes).toMatchObject([{ status: "failed", error: "the disk is full" }]);
  expect(ledger.expiries.all()).toEqual([]);
});

test.each([
  [false, { exitCode: 0, killed: false }],
  [true, { exitCode: 137, killed: true }],
])("a stop tells how the process ended; stubborn: %s", async (isStubborn, facts) => {
  const { take, look, ledger, engine, id, clock } = runningContainer();
  if (isStubborn) engine.stubborn.add(id);
  await take(announcement(await look()));
  await clock.advance(days(3));

  const outcome = await take(step("stop", await look()));

  expect(outcome).toMatchObject({ status: "done", facts });
  expect((await look()).state).toBe("exited");
  expect(ledger.expiries.all()).toMatchObject([
    { stopped: { at: NOW + days(3), finishedAt: NOW + days(3) } },
  ]);
});

test("a container that was started anew since the plan is neither stopped nor removed", async () => {
  const { take, look, engine, id, clock } = runningContainer();
  const planned = await look();
  await clock.advance(SECOND_MS);
  engine.exitContainer(id);
  engine.startByHand(id);

  expect(await take(step("stop", planned))).toMatchObject({
    status: "skipped",
    why: "changed-since-plan",
    facts: { changed: "startedAt" },
  });
  expect(await take(step("remove", planned))).toMatchObject({ status: "skipped", why: "changed-since-plan" });
  expect(engine.mutations).toEqual([]);
});

test("a removal takes the container alone, once", async () => {
  const { take, look, engine, id } = runningContainer();
  engine.exitContainer(id);
  const remove = step("remove", await look());

  expect(await take(remove)).toEqual({ status: "done" });
  expect(await take(remove)).toEqual({ status: "skipped", why: "already-gone" });
  expect(engine.mutations).toEqual([{ call: "removeContainer", subject: id }]);
});

test("a stop counts against the limits of the day, an announcement does not", async () => {
  const { context, look, ledger } = runningContainer();
  const plan = planOf(announcement(await look()), step("stop", await look()));

  const { outcomes } = await applyPlan(plan, expireHandler, context);

  expect((await outcomes).map(({ status }) => status)).toEqual(["done", "done"]);
  const { lastDay, ruleDays } = ledger.asLedger();
  expect(lastDay.containers).toBe(1);
  expect([...ruleDays.values()].map(({ items }) => items)).toEqual([1]);
});

test("a crash after an announcement finds it made, before it finds it open", async () => {
  const { context, look, ledger, id } = runningContainer();
  const open = { position: 0, verdict: announcement(await look()), startedAt: NOW };

  expect(await expireHandler.settle(open, context)).toMatchObject({ status: "skipped", why: "cut-off" });
  const told = { rule: RULE, containerId: id, runId: RUN_ID, bornAt: NOW, announcedAt: NOW, endsAt: NOW };
  ledger.expiries.announce(told);
  expect(await expireHandler.settle(open, context)).toMatchObject({ status: "done", why: "found-announced" });
});

test("a crash after a stop finds it done and knows it as its own; nothing is stopped again", async () => {
  const { take, context, look, ledger, engine, id, clock } = runningContainer();
  await take(announcement(await look()));
  const open = { position: 1, verdict: step("stop", await look()), startedAt: clock.now() };
  ledger.expiries.beginStop({ rule: RULE, containerId: id, runId: RUN_ID });

  expect(await expireHandler.settle(open, context)).toMatchObject({ status: "skipped", why: "cut-off" });
  await clock.advance(5 * SECOND_MS);
  engine.exitContainer(id, 137);

  expect(await expireHandler.settle(open, context)).toEqual({
    status: "done",
    why: "found-stopped",
    facts: { exitCode: 137, killed: true },
  });
  expect(ledger.expiries.all()).toMatchObject([{ stopped: { finishedAt: NOW + 5 * SECOND_MS } }]);
  expect(engine.mutations).toEqual([]);
});

test("a container that ended long after the crash was not stopped by the rule", async () => {
  const { take, context, look, ledger, engine, id, clock } = runningContainer();
  await take(announcement(await look()));
  const open = { position: 1, verdict: step("stop", await look()), startedAt: clock.now() };
  await clock.advance(60 * SECOND_MS);
  engine.exitContainer(id);

  expect(await expireHandler.settle(open, context)).toMatchObject({
    status: "unknown",
    why: "found-changed",
  });
  expect(ledger.expiries.all()[0]?.stopped).toBeUndefined();
});

test("what is remembered of a container goes with it, and only where all of them could be seen", async () => {
  const { take, look, ledger } = runningContainer();
  await take(announcement(await look()));
  const empty = { takenAt: NOW, containers: [], images: [], volumes: [], networks: [], gaps: [] };
  const inventory = (gaps: object[]) =>
    ({ ...empty, gaps }) as unknown as Parameters<typeof ledger.remember>[0];

  ledger.remember(inventory([{ section: "containers", error: "timeout" }]));
  expect(ledger.expiries.all()).toHaveLength(1);
  ledger.remember(inventory([]));
  expect(ledger.expiries.all()).toEqual([]);
});
