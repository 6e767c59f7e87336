import { FakeEngine, createInventoryReader } from "@shipkeeper/docker";
import { waitUntil } from "@shipkeeper/lab";
import { isComplete } from "@shipkeeper/model";
import type { EntryOf } from "@shipkeeper/protocol";
import { silentLog } from "@shipkeeper/runtime";
import { expect, onTestFinished, test } from "vitest";
import { tempLedger } from "../act/testing/act-world.ts";
import { startObserving } from "./observe.ts";

const SOON = { deadlineMs: 5_000, everyMs: 5 };

async function observed(prepare: (engine: FakeEngine) => void = () => undefined) {
  const engine = new FakeEngine();
  prepare(engine);
  const events: EntryOf<"event">[] = [];
  const looks = { all: 0, changes: 0 };
  const reader = createInventoryReader(engine, { clock: Date.now });
  const observer = startObserving({
    engine,
    ledger: tempLedger(Date.now),
    clock: Date.now,
    log: silentLog,
    resyncIntervalMs: 600_000,
    onEvent: (entry) => events.push(entry),
    reader: {
      ...reader,
      readAll: (signal) => ((looks.all += 1), reader.readAll(signal)),
      refresh: (...args) => ((looks.changes += 1), reader.refresh(...args)),
    },
  });
  onTestFinished(() => observer.stop());
  await waitUntil(() => observer.current(), { what: "a first look", ...SOON });
  const names = () => observer.current()?.containers.map(({ name }) => name) ?? [];
  return { engine, observer, events, looks, names };
}

test("what an event tells of is looked at again, and only that", async () => {
  const { engine, looks, names } = await observed((engine) => void engine.addImage({ tags: ["web:1"] }));
  const before = looks.all;

  engine.addContainer({ image: "web:1", name: "late" });

  await waitUntil(() => names().includes("late"), { what: "the new container", ...SOON });
  expect(looks.all).toBe(before);
});

test("a storm of events costs a few looks", async () => {
  const { engine, looks, observer } = await observed((engine) => void engine.addImage({ tags: ["web:1"] }));
  const { id } = engine.addContainer({ image: "web:1", name: "flapping" });

  for (let turn = 0; turn < 400; turn += 1) {
    engine.exitContainer(id, 1);
    engine.startByHand(id);
  }

  await waitUntil(() => observer.current()?.containers[0]?.state === "running", {
    what: "the last state",
    ...SOON,
  });
  expect(looks.changes + looks.all).toBeLessThan(10);
});

test("what happened while the event stream was broken is seen by a full look", async () => {
  const { engine, looks, names } = await observed((engine) => void engine.addImage({ tags: ["web:1"] }));
  const before = looks.all;

  engine.breakEventStreams();
  engine.addContainer({ image: "web:1", name: "unseen" });

  await waitUntil(() => names().includes("unseen"), { what: "the container of the meantime", ...SOON });
  await waitUntil(() => looks.all > before, { what: "a full look", ...SOON });
});

test("an engine that is down leaves gaps, never an empty host without a word", async () => {
  const { engine, observer } = await observed((engine) => void engine.addImage({ tags: ["web:1"] }));
  const heal = engine.goDown();

  const blind = await observer.refreshNow();
  heal();
  const healed = await observer.refreshNow();

  expect(isComplete(blind, "images")).toBe(false);
  expect(isComplete(healed, "images")).toBe(true);
  expect(healed.images).toHaveLength(1);
});

test("an image counts as used when a container came and went between two looks", async () => {
  const { engine, observer } = await observed((engine) => void engine.addImage({ tags: ["web:1"] }));

  const { id } = engine.addContainer({ image: "web:1", name: "brief" });
  engine.forget(id);

  const used = () => observer.current()?.images[0]?.memory?.lastUsedAt;
  await waitUntil(used, { what: "a memory of the use", ...SOON });
});

test("a pull that brings an image back under its old name counts as a tag", async () => {
  const { engine, observer } = await observed((engine) => void engine.addImage({ tags: ["web:1"] }));
  const at = Date.now() + 1;

  engine.announce({ type: "image", action: "pull", subject: "web:1", attributes: { name: "web" }, at });

  const tagged = () => observer.current()?.images[0]?.memory?.lastTaggedAt;
  expect(await waitUntil(tagged, { what: "a memory of the tag", ...SOON })).toBe(at);
});

test("deaths and health changes are told, a container that dies again and again once a minute", async () => {
  const { engine, events } = await observed((engine) => void engine.addImage({ tags: ["web:1"] }));
  const { id } = engine.addContainer({ image: "web:1", name: "web" });

  engine.setHealth(id, "unhealthy");
  engine.setHealth(id, "healthy");
  for (let turn = 0; turn < 5; turn += 1) {
    engine.exitContainer(id, 137);
    engine.startByHand(id);
  }

  await waitUntil(() => events.length === 3, { what: "three events", ...SOON });
  expect(events.map(({ what, subject, facts }) => [what, subject?.name, facts["exitCode"]])).toEqual([
    ["container-unhealthy", "web", undefined],
    ["container-healthy", "web", undefined],
    ["container-died", "web", 137],
  ]);
});
