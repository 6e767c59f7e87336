import type { ContainerId } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { settleRestart } from "./restart-settle.ts";
import { actWorld, NOW, restartContainer } from "./testing/act-world.ts";

/** A step that a crash cut off right after its intent was written. */
async function cutOff(decision = "restart") {
  const world = actWorld();
  const { engine, clock, context } = world;
  engine.addImage({ tags: ["web:1"] });
  const { id } = engine.addContainer({ image: "web:1", name: "web" });
  engine.setHealth(id, "unhealthy");
  const verdict = restartContainer((await engine.container(id))!, decision);
  await clock.advance(1_000);
  const settle = () => settleRestart({ position: 0, verdict, startedAt: NOW + 1_000 }, context);
  const state = async (of: ContainerId = id) => (await engine.container(of))?.state;
  const calls = () => engine.mutations.map(({ call }) => call);
  return { ...world, id, settle, state, calls };
}

test("nothing was done yet: nothing is done now", async () => {
  const { settle, state, calls } = await cutOff();

  expect(await settle()).toMatchObject({ status: "skipped", why: "cut-off" });
  expect(await state()).toBe("running");
  expect(calls()).toEqual([]);
});

test("what the agent stopped runs again", async () => {
  const { engine, id, settle, state } = await cutOff();
  await engine.stopContainer(id);

  expect(await settle()).toMatchObject({ status: "done", why: "started-again" });
  expect(await state()).toBe("running");
});

test("what somebody else stopped as well stays stopped", async () => {
  const { engine, id, settle, state, calls } = await cutOff();
  engine.signalByHand(id, 15);
  await engine.stopContainer(id);

  expect(await settle()).toMatchObject({ status: "skipped", why: "stopped-by-somebody" });
  expect(await state()).toBe("exited");
  expect(calls()).toEqual(["stopContainer"]);
});

test("a stop that is still under way is awaited before anything is said", async () => {
  const { engine, clock, id, settle, state } = await cutOff();
  engine.signalByHand(id, 15);

  const settling = settle();
  await clock.advance(5_000);
  engine.exitContainer(id, 137);
  await clock.advance(1_000);

  expect(await settling).toMatchObject({ status: "done", why: "started-again" });
  expect(await state()).toBe("running");
});

test("what runs again already is only looked at", async () => {
  const { engine, id, settle, calls } = await cutOff();
  await engine.stopContainer(id);
  await engine.startContainer(id);

  expect(await settle()).toMatchObject({ status: "done", why: "found-restarted" });
  expect(calls()).toEqual(["stopContainer", "startContainer"]);
});

test("a container that was only renamed has its name again, and runs", async () => {
  const { engine, id, settle, state } = await cutOff("recreate");
  await engine.stopContainer(id);
  await engine.renameContainer(id, "web-before-5d0c1f0e");

  expect(await settle()).toMatchObject({ status: "done", why: "put-back" });
  expect(await state()).toBe("running");
  expect((await engine.container(id))?.name).toBe("web");
});

test("of two containers the new one stays where it runs, and goes where it does not", async () => {
  const { engine, id, settle, state } = await cutOff("recreate");
  await engine.stopContainer(id);
  await engine.renameContainer(id, "web-before-5d0c1f0e");
  const made = await engine.copyContainer(id, "web");
  const madeId = made === "already-gone" ? id : made.id;

  expect(await settle()).toMatchObject({ status: "done", why: "put-back" });
  expect([await state(), await state(madeId)]).toEqual(["running", undefined]);
});
