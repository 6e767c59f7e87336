import { HOUR_MS, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { FakeEngine } from "@shipkeeper/docker";
import { handClock } from "@shipkeeper/lab";
import type { Container, ContainerId, RunId } from "@shipkeeper/model";
import { NO_SIGNALS, type Death } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import { silentLog } from "@shipkeeper/runtime";
import { expect, onTestFinished, test } from "vitest";
import { keepEvidence } from "./evidence.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");
const RUN = "5d0c1f0e-0000-4000-8000-000000000002" as RunId;

/** A host with one container, whose engine is fake and whose deaths the test decides. */
function watchedHost({ logLines = 200, deadlineMs = 50 } = {}) {
  const clock = handClock(NOW);
  const engine = new FakeEngine({ clock: clock.now });
  engine.addImage({ tags: ["web:1"] });
  const containers: Container[] = [];
  const deaths = new Map<string, Death[]>();
  const told: EntryOf<"post-mortem">[] = [];
  let take: Parameters<Parameters<typeof keepEvidence>[0]["observer"]["follow"]>[0]["take"] = () => undefined;
  const evidence = keepEvidence({
    engine,
    observer: {
      current: () => ({ containers }) as never,
      follow: (follower) => {
        take = (event) => follower.take(event);
        return () => undefined;
      },
    },
    signals: () => ({ deaths, load: NO_SIGNALS.load }),
    incidentOf: () => ({ id: "incident-1" }),
    logLines: () => logLines,
    tell: (entry) => void told.push(entry),
    clock: clock.now,
    log: silentLog,
    pause: (ms, options) => clock.sleep(ms, options),
    deadlineMs,
  });
  onTestFinished(() => evidence.stop());

  return {
    clock,
    engine,
    told,
    evidence,
    add: (name: string) => {
      const container = engine.addContainer({ image: "web:1", name });
      containers.push(container);
      return container;
    },
    /** The engine tells of an end; resolves when what was taken of it is told, or was given up. */
    end: async ({ id, name }: { id: ContainerId; name: string }, how: Partial<Death> = {}, exitCode = 3) => {
      const at = clock.now();
      deaths.set(id, [
        ...(deaths.get(id) ?? []),
        { at, outOfMemory: false, expected: false, exitCode, ...how },
      ]);
      const attributes = { name, image: "web:1", exitCode: String(exitCode) };
      take({ type: "container", action: "die", subject: id, attributes, at });
      await new Promise(setImmediate);
      await clock.advance(2 * SECOND_MS);
      await new Promise(setImmediate);
    },
    deaths,
    take: (event: Parameters<typeof take>[0]) => take(event),
  };
}

test("an end that nobody ordered is told with the container's last words, and none of its secrets", async () => {
  const { add, end, told, engine } = watchedHost();
  const web = add("web");
  engine.secretsById.set(web.id, ["sword-of-fish"]);
  engine.logLines.set(web.id, [{ stream: "stderr", at: NOW, text: "cannot log in with sword-of-fish" }]);
  engine.exitContainer(web.id, 3);

  await end(web, { outOfMemory: true });

  expect(told).toMatchObject([
    {
      trigger: "unexpected-exit",
      incidentId: "incident-1",
      container: { id: web.id, name: "web", identity: "name:web", image: "web:1" },
      evidence: {
        state: "exited",
        exitCode: 3,
        outOfMemory: true,
        finishedAt: NOW,
        log: { lines: [{ stream: "stderr", text: "cannot log in with [masked]" }], cut: 0 },
        events: [{ action: "die", detail: "3" }],
        missing: [],
      },
    },
  ]);
});

test.each<[string, Partial<Death>, number]>([
  ["somebody ordered it", { expected: true }, 137],
  ["it was done", {}, 0],
])("an end is no news where %s", async (_why, death, exitCode) => {
  const { add, end, told } = watchedHost();

  await end(add("web"), death, exitCode);

  expect(told).toEqual([]);
});

test("a word that comes late takes back what it explains", async () => {
  const { add, clock, deaths, take, told } = watchedHost();
  const { id } = add("web");
  const death = { at: NOW, outOfMemory: false, expected: false };
  deaths.set(id, [death]);
  take({ type: "container", action: "die", subject: id, attributes: { exitCode: "143" }, at: NOW });
  await new Promise(setImmediate);
  deaths.set(id, [{ ...death, expected: true }]);
  await clock.advance(2 * SECOND_MS);
  await new Promise(setImmediate);

  expect(told).toEqual([]);
});

test("one that ends again and again is told of every ten minutes, with the number of ends in between", async () => {
  const { add, end, told, clock } = watchedHost();
  const web = add("web");

  for (let minute = 0; minute <= 20; minute += 1) {
    await end(web);
    await clock.advance(MINUTE_MS - 2 * SECOND_MS);
  }

  expect(told.map(({ exitsBefore }) => exitsBefore)).toEqual([0, 9, 9]);
});

test("a host tells of thirty ends an hour at most", async () => {
  const { add, end, told, clock } = watchedHost();
  const many = Array.from({ length: 32 }, (_, place) => add(`web-${place}`));

  for (const one of many) await end(one);
  expect(told).toHaveLength(30);

  await clock.advance(HOUR_MS);
  const [last] = many.slice(-1);
  if (last !== undefined) await end(last);
  expect(told.at(-1)).toMatchObject({ container: { name: "web-31" }, exitsBefore: 1 });
});

test("of a container that is gone the event's word is kept", async () => {
  const { end, told } = watchedHost();

  await end({ id: "f".repeat(64) as ContainerId, name: "brief" }, {}, 137);

  expect(told).toMatchObject([
    {
      container: { name: "brief", identity: "name:brief", image: "web:1" },
      evidence: { exitCode: 137, signal: 9, log: { lines: [], problem: "the container is gone" } },
    },
  ]);
  expect(told[0]?.evidence.state).toBeUndefined();
});

test("what does not come in time is missing, and without the environment nothing that was written leaves", async () => {
  const { add, engine, evidence, told } = watchedHost();
  const web = add("web");
  engine.logLines.set(web.id, [{ stream: "stdout", at: NOW, text: "words" }]);
  engine.setHealth(web.id, "unhealthy", "out of words");
  engine.fail({ call: "environmentValues", with: "hang" });

  await evidence.beforeHeal(web, { runId: RUN, sign: "unhealthy" });

  expect(told).toMatchObject([{ trigger: "before-heal", runId: RUN, sign: "unhealthy" }]);
  expect(JSON.stringify(told)).not.toContain("words");
  expect(told[0]?.evidence).toMatchObject({
    state: "running",
    missing: [{ what: "environment", why: "the engine did not answer within 50 ms" }],
  });
});

test("a policy may leave the log on its host", async () => {
  const { add, engine, evidence, told } = watchedHost({ logLines: 0 });
  const web = add("web");
  engine.logLines.set(web.id, [{ stream: "stdout", at: NOW, text: "words" }]);

  await evidence.beforeHeal(web, { runId: RUN });

  expect(told[0]?.evidence.log).toEqual({ lines: [], cut: 0, problem: "the policy wants none" });
});
