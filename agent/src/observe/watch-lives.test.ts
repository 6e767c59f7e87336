import { DAY_MS, MINUTE_MS } from "@shipkeeper/kit";
import { FakeEngine, createInventoryReader, type EngineEvent } from "@shipkeeper/docker";
import { handClock } from "@shipkeeper/lab";
import { expect, test } from "vitest";
import { NOW, tempLedger } from "../act/testing/act-world.ts";
import { watchLives, type WatchLivesOptions } from "./watch-lives.ts";

/** Lives on a fake engine whose events are handed over when they are asked for. */
function world(options: Partial<WatchLivesOptions> = {}) {
  const clock = handClock(NOW);
  const engine = new FakeEngine({ clock: clock.now });
  const reader = createInventoryReader(engine, { clock: clock.now });
  const memory = tempLedger(clock.now).lives;
  const signal = new AbortController().signal;
  const restartPolicy = { name: "always", maximumRetries: 0 };
  const web = engine.addContainer({ image: "web:1", name: "web", restartPolicy });
  const open = () =>
    watchLives({
      memory,
      clock: clock.now,
      isOwnAct: () => false,
      container: (id) => (id === web.id ? web : undefined),
      engineUpSince: () => NOW - DAY_MS,
      ...options,
    });
  const event = (action: string, more: Partial<EngineEvent> = {}): EngineEvent => {
    return { type: "container", action, subject: web.id, attributes: {}, at: clock.now(), ...more };
  };
  return { clock, engine, memory, web, open, event, look: () => reader.readAll(signal) };
}

test("deaths and touches outlive the agent", async () => {
  const { web, open, event, look } = world();
  const first = open();
  first.take(event("die", { attributes: { exitCode: "3" } }));
  first.take(event("pause"));
  first.look(await look());

  const second = open();

  expect(second.deaths().get(web.id)).toEqual([
    { at: NOW, exitCode: 3, outOfMemory: false, expected: false },
  ]);
  expect(second.touches().get(web.id)).toEqual({ at: NOW, what: "pause" });
});

test("they are forgotten with the container, and after a day", async () => {
  const { clock, engine, memory, web, open, event, look } = world();
  const lives = open();
  lives.take(event("die"));
  lives.look(await look());
  await clock.advance(DAY_MS + 1);
  lives.look(await look());
  expect(memory.all().size).toBe(0);

  lives.take(event("die"));
  lives.take(event("destroy"));
  expect(lives.deaths().size).toBe(0);

  lives.take(event("die"));
  engine.exitContainer(web.id);
  await engine.removeContainer(web.id);
  lives.look(await look());
  expect(lives.deaths().size, "a look may be older than what happened").toBe(1);
  await clock.advance(2 * MINUTE_MS);
  lives.look(await look());
  expect(lives.deaths().size).toBe(0);
});

test("a list of containers that could not be read forgets nothing", async () => {
  const { clock, engine, open, event, look } = world();
  const lives = open();
  lives.take(event("die"));
  await clock.advance(2 * MINUTE_MS);
  engine.goDown();

  lives.look(await look());

  expect(lives.deaths().size).toBe(1);
});

test("starts are the engine's for a minute after it came up, and while it is not known to be up", () => {
  const started = (upSince: number | undefined) => {
    const { web, open, event } = world({ engineUpSince: () => upSince });
    const lives = open();
    lives.take(event("start"));
    return lives.touches().get(web.id)?.what;
  };

  expect(started(NOW - MINUTE_MS)).toBe("start");
  expect(started(NOW - MINUTE_MS + 1)).toBeUndefined();
  expect(started(undefined)).toBeUndefined();
});

test("ten thousand containers at most, those first to go that nothing happened to for longest", () => {
  const { open, event } = world();
  const lives = open();

  for (let number = 0; number < 10_002; number += 1) lives.take(event("die", { subject: `c${number}` }));

  expect(lives.deaths().size).toBe(10_000);
  expect(lives.deaths().has("c1")).toBe(false);
  expect(lives.deaths().has("c2")).toBe(true);
});

test("what happened while no agent watched is taken from the engine's memory, what was seen already once", () => {
  const { web, open, event } = world();
  const first = open();
  first.take(event("die", { at: NOW - 5_000, attributes: { exitCode: "1" } }));
  first.save();
  const second = open();

  second.takePast([
    event("die", { at: NOW - 5_000, attributes: { exitCode: "1" } }),
    event("start", { at: NOW - 4_000 }),
    event("die", { at: NOW - 1_000, attributes: { exitCode: "2" } }),
    event("pause", { at: NOW, subject: "another" }),
  ]);

  expect(
    second
      .deaths()
      .get(web.id)
      ?.map(({ exitCode }) => exitCode),
  ).toEqual([1, 2]);
  expect(second.touches().get("another")?.what).toBe("pause");
});
