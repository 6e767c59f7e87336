import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { EngineRefused } from "@shipkeeper/docker";
import type { ContainerId } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { actWorld, NOW, RUN_ID } from "../act/testing/act-world.ts";
import { startQuiesce, type QuiesceOrder } from "./quiesce.ts";

/** A database, and an application that depends on it. */
function world() {
  const act = actWorld();
  const { engine, context, abort } = act;
  engine.addImage({ tags: ["app:1"] });
  const add = (name: string) => engine.addContainer({ image: "app:1", name, startedAt: NOW - MINUTE_MS }).id;
  const [app, db] = [add("app"), add("db")];
  const order = (how: QuiesceOrder["how"], containers: readonly ContainerId[] = [app, db]): QuiesceOrder => {
    return { runId: RUN_ID, how, containers, maxQuiesceMs: 10 * MINUTE_MS, signal: abort.signal };
  };
  const states = async () => {
    const seen = await Promise.all([app, db].map((id) => engine.container(id)));
    return seen.map((container) => container?.state);
  };
  const calls = () =>
    engine.mutations.map(
      ({ call, subject }) => `${call.replace("Container", "")} ${subject === db ? "db" : "app"}`,
    );
  /** Lets the time go on until something is so. */
  const passUntil = async (isSo: () => boolean | Promise<boolean>) => {
    for (let quarters = 0; quarters < 400 && !(await isSo()); quarters += 1) await act.clock.advance(250);
    expect(await isSo()).toBe(true);
  };
  return { ...act, app, db, order, states, calls, passUntil, hold: context.quiesce.hold };
}

/** What a crash leaves: the journal, and an engine that did what was ordered last. */
async function crashed(how: QuiesceOrder["how"]) {
  const one = world();
  const { engine, ledger, clock, ownActs, context, quiesce } = one;
  for (const [position, id] of [one.app, one.db].entries()) {
    const { name = "", startedAt = 0 } = (await engine.container(id)) ?? {};
    const times = { startedAt, stopTimeoutMs: 10_000, orderedAt: clock.now(), until: NOW + 10 * MINUTE_MS };
    ledger.quiesced.begin({ id, name, runId: RUN_ID, position, how, ...times });
  }
  await clock.advance(SECOND_MS);
  await quiesce.stop();
  const claimed: string[] = [];
  const nextLife = () =>
    startQuiesce({
      journal: ledger.quiesced,
      engine,
      claim: (id) => {
        claimed.push(id);
        return () => void claimed.splice(claimed.indexOf(id), 1);
      },
      ownActs,
      self: [],
      engineUpSince: () => NOW,
      trouble: (code, message) => context.trouble(code, message),
      clock: clock.now,
      pause: context.pause,
      log: context.log,
    });
  return { ...one, nextLife, claimed };
}

test.for(["stop", "pause"] as const)(
  "%s: dependents go first and come back last, and how long each stood still is measured",
  async (how) => {
    const { clock, hold, order, states, calls, ledger, claims } = world();

    const { value, downtimes } = await hold(order(how), async () => {
      expect(await states()).toEqual(how === "stop" ? ["exited", "exited"] : ["paused", "paused"]);
      expect(ledger.quiesced.all().map(({ name }) => name)).toEqual(["app", "db"]);
      expect(claims.all().size).toBe(2);
      await clock.advance(3 * SECOND_MS);
      return "backed up";
    });

    expect(value).toBe("backed up");
    const wakes = how === "stop" ? "start" : "unpause";
    expect(calls()).toEqual([`${how} app`, `${how} db`, `${wakes} db`, `${wakes} app`]);
    expect(await states()).toEqual(["running", "running"]);
    expect(downtimes).toEqual([
      { name: "app", ms: 3_000 },
      { name: "db", ms: 3_000 },
    ]);
    expect(ledger.quiesced.all()).toEqual([]);
    expect(claims.all().size).toBe(0);
  },
);

test("what did not run before is left as it is", async () => {
  const { engine, app, hold, order, states, calls } = world();
  engine.exitContainer(app);

  await hold(order("stop"), async () => undefined);

  expect(calls()).toEqual(["stop db", "start db"]);
  expect(await states()).toEqual(["exited", "running"]);
});

test("work that fails leaves nothing standing still", async () => {
  const { hold, order, states } = world();

  await expect(hold(order("stop"), () => Promise.reject(new Error("disk full")))).rejects.toThrow(
    "disk full",
  );

  expect(await states()).toEqual(["running", "running"]);
});

test("an engine that will not pause the second one lets the first one go on", async () => {
  const { engine, db, hold, order, states, calls } = world();
  engine.fail({
    call: "pauseContainer",
    subject: db,
    with: new EngineRefused("pause", { status: 500, reason: "no freezer" }),
  });

  await expect(hold(order("pause"), async () => undefined)).rejects.toThrow("no freezer");

  expect(calls()).toEqual(["pause app", "pause db", "unpause app"]);
  expect(await states()).toEqual(["running", "running"]);
});

test("when the time is over containers run at once, and the work fails also where it came to an end", async () => {
  const { clock, hold, order, states, passUntil } = world();
  const [begun, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];

  const held = hold({ ...order("pause"), maxQuiesceMs: 5_000 }, async () => {
    begun.resolve();
    await ending.promise;
  });
  await begun.promise;
  await clock.advance(4_999);
  expect(await states()).toEqual(["paused", "paused"]);
  await clock.advance(1);
  await passUntil(async () => (await states()).every((state) => state === "running"));
  ending.resolve();

  await expect(held).rejects.toThrow("containers may stand still for 5 seconds at most");
  expect(clock.now()).toBeLessThanOrEqual(NOW + 6_000);
});

test("an agent that stops has them run before it ends", async () => {
  const { abort, hold, order, states } = world();

  const held = hold(order("stop"), (signal) => {
    abort.abort(new Error("the agent stops"));
    return Promise.reject(signal.reason as Error);
  });

  await expect(held).rejects.toThrow("the agent stops");
  expect(await states()).toEqual(["running", "running"]);
});

test("a container that somebody else has in hand is left alone, and so are the others", async () => {
  const { db, claims, hold, order, calls } = world();
  claims.take(db, "restart");

  await expect(hold(order("stop"), async () => undefined)).rejects.toMatchObject({ code: "container_busy" });

  expect(calls()).toEqual([]);
  expect([...claims.all().values()]).toEqual(["restart"]);
});

test("what a person stopped, paused, started or removed meanwhile stays as the person wants it", async () => {
  const { engine, app, db, clock, hold, order, states, calls } = world();

  await hold(order("pause"), async () => engine.stopByHand(app));
  expect(await states()).toEqual(["exited", "running"]);
  engine.startByHand(app);
  await clock.advance(SECOND_MS);
  await hold(order("stop"), async () => {
    await clock.advance(SECOND_MS);
    engine.startByHand(app);
    engine.forget(db);
  });

  expect(await states()).toEqual(["running", undefined]);
  expect(calls().filter((call) => call.startsWith("start"))).toEqual([]);
});

test("an engine that is away when they shall run again is asked until it answers", async () => {
  const { engine, clock, hold, order, states, calls, passUntil } = world();
  const wentDown = Promise.withResolvers<() => void>();

  const held = hold(order("stop"), async () => wentDown.resolve(engine.goDown()));
  const comeUp = await wentDown.promise;
  await passUntil(() => clock.now() >= NOW + 5 * SECOND_MS);
  comeUp();
  await passUntil(() => calls().includes("start app"));
  const { downtimes } = await held;

  expect(await states()).toEqual(["running", "running"]);
  expect(downtimes.every(({ ms }) => ms >= 5_000 && ms <= 7_000)).toBe(true);
});

test("a container that the engine will not start is told of, and tried until it runs", async () => {
  const { engine, app, hold, order, states, troubles, claims, passUntil } = world();
  const refusal = new EngineRefused("start", { status: 500, reason: "port is already allocated" });
  const mend = engine.fail({ call: "startContainer", subject: app, with: refusal });

  const held = hold(order("stop"), async () => undefined);
  await passUntil(() => troubles.length > 0);
  await held;
  expect(await states()).toEqual(["exited", "running"]);
  expect(troubles).toEqual([expect.stringContaining("app was stopped for a backup and does not run again")]);
  expect([...claims.all().keys()]).toEqual([app]);
  mend();
  await passUntil(async () => (await states()).every((state) => state === "running"));

  expect(claims.all().size).toBe(0);
});

test.for(["stop", "pause"] as const)("after a crash what stands still by %s runs again", async (how) => {
  const { engine, app, db, clock, nextLife, claimed, states, ledger, passUntil } = await crashed(how);
  for (const id of [app, db]) await (how === "stop" ? engine.stopContainer(id) : engine.pauseContainer(id));

  const comeUp = engine.goDown();
  const { replayed } = nextLife();
  await passUntil(() => clock.now() >= NOW + 5 * SECOND_MS);
  expect(claimed).toEqual([app, db]);
  comeUp();
  await passUntil(() => claimed.length === 0);
  await replayed;

  expect(await states()).toEqual(["running", "running"]);
  expect(ledger.quiesced.all()).toEqual([]);
});

test("after a crash right after the journal nothing is touched", async () => {
  const { nextLife, states, calls, ledger } = await crashed("stop");

  await nextLife().replayed;

  expect(await states()).toEqual(["running", "running"]);
  expect(calls()).toEqual([]);
  expect(ledger.quiesced.all()).toEqual([]);
});

test("a stop that the engine still carries out after a crash is awaited, then the container is started", async () => {
  const { engine, app, db, clock, nextLife, states, claimed, passUntil } = await crashed("stop");
  await engine.stopContainer(app);
  engine.signalByHand(db, 15);

  const { replayed } = nextLife();
  await passUntil(() => clock.now() >= NOW + 4 * SECOND_MS);
  engine.exitContainer(db, 137);
  await passUntil(() => claimed.length === 0);
  await replayed;

  expect(await states()).toEqual(["running", "running"]);
});

test("an engine that ended what was paused, and started nothing, is no person: it is started", async () => {
  const { engine, app, db, nextLife, states } = await crashed("pause");
  for (const id of [app, db]) engine.exitContainer(id, 137);

  await nextLife().replayed;

  expect(await states()).toEqual(["running", "running"]);
});

test("an engine that came up since ends what it finds, and remembers no order: that is started", async () => {
  const { engine, app, db, nextLife, states } = await crashed("pause");
  for (const id of [app, db]) engine.stopByHand(id);

  await nextLife().replayed;

  expect(await states()).toEqual(["running", "running"]);
});

test("what a person stopped after a crash stays stopped", async () => {
  const { engine, app, db, nextLife, states } = await crashed("stop");
  await engine.stopContainer(app);
  await engine.stopContainer(db);
  await engine.startContainer(db);
  engine.stopByHand(db);

  await nextLife().replayed;

  expect(await states()).toEqual(["running", "exited"]);
});
