import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DAY_MS, SECOND_MS } from "@shipkeeper/kit";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
  type Fleet,
  type LabContainer,
  type LabHost,
} from "@shipkeeper/lab";
import type { ProbeState } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { trackAvailability } from "../agent/src/observe/track-availability.ts";
import { fleetAvailability } from "../collector/src/figures/fleet-availability.ts";
import { openStore } from "../collector/src/store/store.ts";
import { HOST_ID } from "./agent-lab/keep-host.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

const AGENT_INSIDE = fileURLToPath(new URL("agent-lab/agent-inside.ts", import.meta.url));
const image = "acme/app:1";

let fleet: Fleet;
let host: LabHost;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "signals" });
  host = fleet.host("signals-1");
  await loadImages(host, [forgeImage({ tags: [image], layers: [busyboxLayer()] })]);
});
afterAll(() => fleet.stop());

const policyOf = (rule: string) => `{ policy: lab, hosts: { environment: lab }, rules: [${rule}] }`;
const IDLE = policyOf("");
const SOON = { deadlineMs: 20_000 };

/** A container that goes with the test. */
async function containerInTest(
  spec: Omit<Parameters<typeof runContainer>[1], "image">,
): Promise<LabContainer> {
  const container = await runContainer(host, { image, ...spec });
  onTestFinished(() => container.handle.remove({ force: true }));
  return container;
}

test("what a person does with Docker's tools is a touch, and the death that comes of it no surprise", async () => {
  const web = await containerInTest({ name: "touched", stopTimeoutSeconds: 1 });
  const agent = await keepHostInTest(host, { policy: IDLE });
  const touch = () => agent.watch.signals().touches.get(web.id)?.what;
  const awaitTouch = (what: string) => waitUntil(() => touch() === what, { what, ...SOON });
  await waitUntil(() => agent.watch.signals().engineUpSince, { what: "the engine to be known", ...SOON });
  // Within a minute after the engine came up a start could be the engine's own.
  const before = agent.watch.signals().touches.get(web.id);

  await web.handle.stop();
  await awaitTouch("stop");
  await web.handle.start();
  await web.handle.restart();
  await awaitTouch("restart");
  await web.handle.pause();
  await awaitTouch("pause");
  await web.handle.unpause();
  await awaitTouch("unpause");

  expect(before).toBeUndefined();
  const deaths = agent.watch.signals().deaths.get(web.id) ?? [];
  expect(deaths.map(({ expected }) => expected)).toEqual([true, true]);
});

test("what the agent itself does is no touch", { timeout: 90_000 }, async () => {
  const stuck = await containerInTest({
    name: "stuck",
    behaves: { kind: "mends-on-restart" },
    healthIntervalMs: 200,
    stopTimeoutSeconds: 1,
  });
  const agent = await keepHostInTest(host, {
    policy: policyOf("{ restart: sick, mode: enforce, after: 1s, select: { containers: [stuck] } }"),
  });

  await waitUntil(async () => (await stuck.health()) === "healthy", {
    what: "the agent to have healed it",
    deadlineMs: 80_000,
  });

  const { deaths, touches } = agent.watch.signals();
  expect(deaths.get(stuck.id)?.map(({ expected }) => expected)).toEqual([true]);
  expect(touches.get(stuck.id)).toBeUndefined();
});

test("the engine's restart of what crashed is no touch, and each death a surprise with its exit code", async () => {
  const agent = await keepHostInTest(host, { policy: IDLE });
  const looping = await containerInTest({
    name: "looping",
    command: ["sh", "-c", "sleep 0.2; exit 7"],
    restart: "always",
    settle: false,
  });

  const deaths = await waitUntil(
    () => {
      const seen = agent.watch.signals().deaths.get(looping.id) ?? [];
      return seen.length >= 3 ? seen : undefined;
    },
    { what: "three deaths", ...SOON },
  );

  expect(deaths[0]).toMatchObject({ exitCode: 7, expected: false, outOfMemory: false });
  expect(agent.watch.signals().touches.get(looping.id)).toBeUndefined();
});

test("an end for want of memory says so", async () => {
  const agent = await keepHostInTest(host, { policy: IDLE });
  const greedy = await containerInTest({
    name: "greedy",
    command: ["sh", "-c", "sleep 0.5; tail /dev/zero"],
    limits: { memoryBytes: 16 * 2 ** 20 },
    settle: false,
  });

  const deaths = await waitUntil(() => agent.watch.signals().deaths.get(greedy.id), {
    what: "its death",
    ...SOON,
  });

  expect(deaths).toMatchObject([{ exitCode: 137, outOfMemory: true, expected: false }]);
});

test(
  "a container whose process is gone behind the engine's back is a ghost",
  { timeout: 60_000 },
  async () => {
    const haunted = await containerInTest({ name: "haunted" });
    await containerInTest({ name: "alive" });
    const agent = await keepHostInTest(host, { policy: IDLE });
    const { Pid: pid } = (await haunted.handle.inspect()).State;
    const shim = parentOf(pid);
    process.kill(shim, "SIGSTOP"); // the engine hears of the end from it
    try {
      process.kill(pid, "SIGKILL");
      const since = await waitUntil(() => agent.watch.signals().ghosts.get(haunted.id), {
        what: "the ghost",
        deadlineMs: 30_000,
      });

      expect(await haunted.state()).toBe("running");
      expect(Date.now() - since).toBeGreaterThanOrEqual(5_000);
      expect(agent.watch.signals().ghosts.size).toBe(1);
    } finally {
      process.kill(shim, "SIGCONT");
    }
    await waitUntil(() => agent.watch.signals().ghosts.size === 0, { what: "the engine to notice", ...SOON });
  },
);

test("a program in the container answers a probe, where the guardrails let it be run", async () => {
  const db = await containerInTest({ name: "db" });
  const rule = `{ restart: db, select: { containers: [db] },
    probes: { ready: { exec: { argv: [test, -e, /ready] }, every: 1s, failures: 2, startPeriod: 1s } } }`;
  const agent = await keepHostInTest(host, {
    policy: policyOf(rule),
    guardrails: "allow: { exec: [db] }\n",
  });
  const state = (is: (state: ProbeState) => boolean) => () => {
    const [probe] = agent.watch.signals().probes.get(db.id) ?? [];
    return probe !== undefined && is(probe) ? probe : undefined;
  };

  const failing = await waitUntil(
    state(({ failuresInARow }) => failuresInARow >= 2),
    { what: "the probe to be confirmed", ...SOON },
  );
  const exec = await db.handle.exec({ Cmd: ["touch", "/ready"] });
  await exec.start({});
  await waitUntil(
    state(({ failingSince }) => failingSince === undefined),
    { what: "the probe to answer", ...SOON },
  );

  expect(failing).toMatchObject({ probe: "db/ready", kind: "exec", said: "exit code 1: no output" });
});

test("silence of the log is found", async () => {
  const rule = `{ restart: quiet, select: { containers: [quiet, chatty] },
    probes: { log: { silentFor: 2s, every: 1s, failures: 1, startPeriod: 1s } } }`;
  const agent = await keepHostInTest(host, { policy: policyOf(rule) });
  const quiet = await containerInTest({ name: "quiet" });
  const chatty = await containerInTest({
    name: "chatty",
    command: ["sh", "-c", "while true; do echo still here; sleep 0.3; done"],
  });

  const silent = await waitUntil(
    () =>
      agent.watch
        .signals()
        .probes.get(quiet.id)
        ?.find(({ failuresInARow }) => failuresInARow > 0),
    { what: "the silence", ...SOON },
  );

  expect(silent.said).toMatch(/^silent for \d+ seconds$/);
  expect(agent.watch.signals().probes.get(chatty.id)).toMatchObject([{ failuresInARow: 0 }]);
});

test(
  "a container that answers its health check and nobody else fails its probes",
  { timeout: 60_000 },
  async () => {
    const label = { "shipkeeper.probe.tcp": "8080", "shipkeeper.probe.every": "1s" };
    const healthcheck = { test: ["CMD", "true"], intervalMs: 500 };
    const serve = "echo ready > /index.html; exec httpd -f -p 8080 -h /";
    const web = await containerInTest({
      name: "web",
      command: ["sh", "-c", serve],
      labels: label,
      healthcheck,
    });
    const mute = await containerInTest({
      name: "mute",
      command: ["nc", "-ll", "-p", "8080", "-e", "sleep", "60"],
      labels: label,
      healthcheck,
    });
    const { seen } = agentInside(`{ restart: shop, select: { containers: [web, mute] }, probes: {
    api: { http: { port: 8080, path: /index.html, body: ready }, every: 1s, timeout: 1s, startPeriod: 1s } } }`);

    const failing = await seen(mute, "shop/api", ({ failuresInARow, needed }) => failuresInARow >= needed);
    await seen(mute, "label:tcp", ({ failingSince }) => failingSince === undefined);
    await seen(web, "shop/api", ({ failingSince }) => failingSince === undefined);
    const exec = await web.handle.exec({ Cmd: ["rm", "/index.html"] });
    await exec.start({});
    const broken = await seen(web, "shop/api", ({ failuresInARow }) => failuresInARow > 0);

    expect(failing.said).toBe("no answer within 1 second");
    expect(broken.said).toContain("HTTP 404");
    expect(await mute.health()).toBe("healthy");
  },
);

test("an engine that is restarted touches nothing, and is up anew", { timeout: 60_000 }, async () => {
  const kept = await containerInTest({ name: "kept", restart: "always", stopTimeoutSeconds: 1 });
  const agent = await keepHostInTest(host, { policy: IDLE });
  const upSince = () => agent.watch.signals().engineUpSince;
  const before = await waitUntil(upSince, { what: "the engine to be known", ...SOON });

  await host.restart();
  const after = await waitUntil(() => (upSince() === before ? undefined : upSince()), {
    what: "the engine to be back",
    ...SOON,
  });
  const isBack = () =>
    agent.observer.current()?.containers.find(({ id }) => id === kept.id)?.state === "running";
  await waitUntil(isBack, { what: "the container to run again", ...SOON });
  const isUntouched = () => !agent.watch.signals().touches.has(kept.id);
  await waitUntil(isUntouched, { what: "its stop to be the engine's", ...SOON });

  expect(after).toBeGreaterThan(before);
  const deaths = agent.watch.signals().deaths.get(kept.id) ?? [];
  expect(deaths.filter(({ expected }) => !expected)).toEqual([]);
});

test("what answers nobody is restarted for its probe alone, at once", { timeout: 90_000 }, async () => {
  const mute = "touch /again /index.html; exec nc -ll -p 8080 -e sleep 60";
  const worker = await containerInTest({
    name: "worker",
    command: ["sh", "-c", `test -e /again && exec httpd -f -p 8080 -h /; ${mute}`],
    stopTimeoutSeconds: 1,
  });
  const { seen, finished } =
    agentInside(`{ restart: shop, mode: enforce, select: { containers: [worker] }, probes: {
    api: { http: { port: 8080, path: /index.html }, every: 1s, timeout: 1s, failures: 2, startPeriod: 1s } } }`);

  const failing = await seen(worker, "shop/api", ({ failuresInARow, needed }) => failuresInARow >= needed);
  const { outcome } = await finished();
  await seen(worker, "shop/api", ({ failingSince }) => failingSince === undefined);

  const [step] = outcome.steps;
  expect(step).toMatchObject({ target: { name: "worker" }, decision: "restart", status: "done" });
  expect((step?.startedAt ?? Infinity) - failing.lastAt).toBeLessThan(1_000);
});

/** An agent in the network of the host, and what awaits a state of one of its probes, or the end of a run. */
function agentInside(rule: string) {
  const agent = host.spawnInside(process.execPath, [AGENT_INSIDE], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ENGINE: host.socketPath, POLICY: policyOf(rule) },
  });
  const ended = once(agent, "exit");
  onTestFinished(async () => {
    agent.kill("SIGTERM");
    await ended;
  });
  let latest: Printed = { probes: [], runs: [] };
  createInterface({ input: agent.stdout! }).on("line", (line) => (latest = JSON.parse(line) as Printed));
  const statesOf = ({ id }: LabContainer) =>
    latest.probes.find((one) => one.id === id)?.states.filter(({ lastAt }) => lastAt > 0);
  return {
    seen: (container: LabContainer, probe: string, is: (state: ProbeState) => boolean) =>
      waitUntil(() => statesOf(container)?.find((state) => state.probe === probe && is(state)), {
        what: `probe ${probe} of ${container.name}`,
        ...SOON,
      }),
    finished: () => waitUntil(() => latest.runs[0], { what: "a run to end", deadlineMs: 60_000 }),
  };
}

interface Printed {
  readonly probes: readonly { readonly id: string; readonly states: readonly ProbeState[] }[];
  readonly runs: readonly EntryOf<"run-finished">[];
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** What a collector that was told all of it says of the containers now, by their names. */
async function availabilityOf(entries: readonly EntryOf<"availability">[]) {
  const store = openStore(":memory:");
  const facts = { labels: {}, agentVersion: "0.1.0", enrolledAt: 0 };
  store.hosts.add({ id: HOST_ID, hostname: "lab-1", publicKey: HOST_ID, ...facts });
  for (const entry of entries) store.availability.record(HOST_ID, entry);
  const window = { from: Date.now() - DAY_MS, to: Date.now() };
  const found = await fleetAvailability(store, { of: "containers", window, target: 99.9 });
  store.close();
  return new Map(found.map((one) => [one.name, one]));
}

test(
  "a sickness that is healed is one outage from verdict to verdict, and what a person stops then is not counted",
  { timeout: 100_000 },
  async () => {
    await containerInTest({ name: "well", behaves: { kind: "healthy" }, stopTimeoutSeconds: 1 });
    const agent = await keepHostInTest(host, {
      policy: policyOf("{ restart: sick, mode: enforce, after: 1s, select: { containers: [mended] } }"),
    });
    const entries: EntryOf<"availability">[] = [];
    const tracker = trackAvailability({
      ledger: agent.ledger,
      signals: () => agent.watch.signals(),
      clock: Date.now,
      resyncIntervalMs: 60_000,
      record: (entry) => void entries.push(entry),
      failed: (error) => expect.fail(String(error)),
    });
    agent.observer.subscribe((inventory) => tracker.look(inventory));
    const mended = await containerInTest({
      name: "mended",
      behaves: { kind: "mends-on-restart" },
      healthIntervalMs: 200,
      stopTimeoutSeconds: 1,
    });
    const told = (state: string) =>
      waitUntil(
        () =>
          entries.some(({ changes }) => changes.some((one) => one.name === "mended" && one.state === state)),
        { what: `it to be told as ${state}`, deadlineMs: 80_000 },
      );

    await told("down");
    await told("up");
    await mended.handle.stop();
    await told("out");
    await agent.observer.refreshNow();
    const figures = await availabilityOf(entries);

    const verdicts = agent.ofKind("event").filter(({ subject }) => subject?.name === "mended");
    const verdictAt = (what: string) => verdicts.find((one) => one.what === what)?.at ?? Number.NaN;
    const sickMs = verdictAt("container-healthy") - verdictAt("container-unhealthy");
    expect(figures.get("mended")).toMatchObject({ state: "out", outages: 1 });
    expect(Math.abs((figures.get("mended")?.downMs ?? 0) - sickMs)).toBeLessThan(2 * SECOND_MS);
    expect(figures.get("well")).toMatchObject({ state: "up", share: 1, outages: 0 });
  },
);
