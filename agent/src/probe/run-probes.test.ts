import { SECOND_MS } from "@shipkeeper/kit";
import { FakeEngine, createInventoryReader } from "@shipkeeper/docker";
import type { Container, Inventory } from "@shipkeeper/model";
import { NO_GUARDRAILS, compileBundle, parsePolicy, type ProbeSources } from "@shipkeeper/policy";
import { silentLog } from "@shipkeeper/runtime";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Asked } from "./ask.ts";
import { startProbing } from "./run-probes.ts";

function sourcesOf(probes: string): ProbeSources {
  const text = `{ policy: lab, hosts: { environment: lab }, rules: [
    { restart: shop, select: { containers: ["*"] }, probes: ${probes} }] }`;
  const { policies, problems } = parsePolicy([{ file: "lab.yaml", text }], { now: 0 });
  expect(problems).toEqual([]);
  const bundle = compileBundle(policies, { revision: 1, issuedAt: 0, expiresAt: 1 });
  return { bundle, hostLabels: { environment: "lab" }, guardrails: NO_GUARDRAILS };
}

/** Probes of containers on a fake engine, asked by a function that a test gives; time moves by hand. */
async function world(probes: string) {
  vi.useFakeTimers({ now: 1_000_000_000 });
  onTestFinished(() => void vi.useRealTimers());
  const engine = new FakeEngine({ clock: Date.now });
  const reader = createInventoryReader(engine, { clock: Date.now });
  const listeners = new Set<(inventory: Inventory) => void>();
  const asked: string[] = [];
  const troubles: string[] = [];
  let news = 0;
  let current: Inventory | undefined;
  let sources: ProbeSources | undefined = sourcesOf(probes);
  const stage = {
    engine,
    asked,
    troubles,
    news: () => news,
    answer: async (): Promise<Asked> => ({ ok: true, said: "fine" }),
    use: (next: ProbeSources | undefined) => (sources = next),
    add: (name: string, fields: Partial<Container> = {}) =>
      engine.addContainer({ image: "web:1", name, startedAt: Date.now(), ...fields }),
    async look() {
      current = await reader.readAll(new AbortController().signal);
      for (const listener of listeners) listener(current);
    },
    wait: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
  const probing = startProbing({
    observer: {
      current: () => current,
      subscribe: (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
    },
    sources: () => sources,
    ask: (probe, { container }) => {
      asked.push(`${container.name} ${probe.name}`);
      return stage.answer();
    },
    clock: Date.now,
    log: silentLog,
    tell: ({ message }) => troubles.push(message),
    found: () => (news += 1),
    random: () => 0,
  });
  onTestFinished(async () => {
    const stopped = probing.stop();
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS); // what is under way ends
    await stopped;
  });
  /** Of a container's first probe, once it was asked. */
  const stateOf = (id: string) =>
    probing
      .states()
      .get(id)
      ?.find(({ lastAt }) => lastAt > 0);
  return Object.assign(stage, { probing, stateOf });
}

const NO: Asked = { ok: false, said: "HTTP 503" };

test("what runs is asked at its pace, and nothing else", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 10s } }");
  w.add("web");
  w.add("old", { state: "exited" });
  w.add("asleep", { state: "paused" });
  await w.look();
  expect([...w.probing.states().values()]).toMatchObject([[{ lastAt: 0, said: "not asked yet" }]]);

  await w.wait(31 * SECOND_MS);

  expect(w.asked).toEqual(Array.from({ length: 4 }, () => "web shop/api"));
});

test("a probe is confirmed after its failures in a row, planners are told at once, and again when it answers", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 1s, failures: 3 } }");
  const { id } = w.add("web");
  await w.look();
  await w.wait(100);
  expect(w.stateOf(id)).toMatchObject({ failuresInARow: 0, said: "fine" });

  w.answer = async () => NO;
  await w.wait(3 * SECOND_MS);
  const confirmed = w.stateOf(id);
  const newsOfFailing = w.news();
  w.answer = async () => ({ ok: true, said: "fine" });
  await w.wait(SECOND_MS);

  expect(confirmed).toMatchObject({ failuresInARow: 3, needed: 3, said: "HTTP 503" });
  expect(newsOfFailing).toBe(2); // the first failure, and the third
  expect(w.news()).toBe(3);
  expect(w.stateOf(id)?.failingSince).toBeUndefined();
});

test("one that does not answer is never asked twice at a time", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 1s } }");
  w.add("web");
  w.answer = () => new Promise((resolve) => setTimeout(resolve, 5 * SECOND_MS, NO));
  await w.look();

  await w.wait(4 * SECOND_MS);
  expect(w.asked).toHaveLength(1);
  await w.wait(2 * SECOND_MS);
  expect(w.asked).toHaveLength(2);
});

test("thirty-two are asked at a time, the others wait for a place", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 60s } }");
  for (let number = 0; number < 40; number += 1) w.add(`web-${number}`);
  w.answer = () => new Promise((resolve) => setTimeout(resolve, SECOND_MS, NO));
  await w.look();

  await w.wait(SECOND_MS / 2);
  expect(w.asked).toHaveLength(32);
  await w.wait(SECOND_MS);
  expect(w.asked).toHaveLength(40);
});

test("a restart begins a new row, and an answer of the life before counts for nothing", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 1s, startPeriod: 1ms } }");
  const { id } = w.add("web");
  w.answer = () => new Promise((resolve) => setTimeout(resolve, 900, NO));
  await w.look();
  await w.wait(3 * SECOND_MS);
  expect(w.stateOf(id)?.failuresInARow).toBeGreaterThan(1);

  w.engine.exitContainer(id);
  await w.engine.startContainer(id);
  await w.look();

  expect(w.stateOf(id)).toBeUndefined();
  await w.wait(800);
  expect(w.stateOf(id)).toBeUndefined();
  await w.wait(SECOND_MS);
  expect(w.stateOf(id)?.failuresInARow).toBe(1);
});

test("another policy changes what is asked; what stays as it was keeps its row", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 1s } }");
  const { id } = w.add("web");
  w.answer = async () => NO;
  await w.look();
  await w.wait(100);

  w.use(sourcesOf("{ api: { tcp: { port: 1 }, every: 1s }, more: { tcp: { port: 2 }, every: 1s } }"));
  await w.wait(SECOND_MS);
  expect(w.probing.states().get(id)).toMatchObject([
    { probe: "shop/api", failuresInARow: 0 },
    { probe: "shop/more" },
  ]);
  w.use(undefined);
  await w.wait(2 * SECOND_MS);

  expect(w.probing.states().size).toBe(0);
});

test("what cannot be asked says nothing of the container, and is told once", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 1s } }");
  const { id } = w.add("web", { labels: { "shipkeeper.probe.tcp": "none" } });
  w.answer = async () => ({ ok: "not-asked", said: "no way leads to its port 1" });
  await w.look();

  await w.wait(5 * SECOND_MS);

  expect(w.probing.states().has(id)).toBe(false);
  expect(w.troubles).toEqual([
    "container web: label shipkeeper.probe.tcp: tcp: port: expected a port from 1 to 65535",
    "container web: probe shop/api cannot be asked: no way leads to its port 1",
  ]);
});

test("programs that hang in a container come ever more seldom", async () => {
  const w = await world("{ api: { tcp: { port: 1 }, every: 1s, failures: 1 } }");
  w.add("web");
  w.answer = async () => ({ ok: false, said: "did not end in time", hangs: true });
  await w.look();

  await w.wait(3_600 * SECOND_MS);

  expect(w.asked.length).toBeGreaterThan(5);
  expect(w.asked.length).toBeLessThan(15);
});
