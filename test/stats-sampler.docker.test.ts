import { readdirSync } from "node:fs";
import { createApiSampler, createContainerSampler, openEngine } from "@shipkeeper/docker";
import {
  busyboxLayer,
  type Fleet,
  forgeImage,
  type LabHost,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
} from "@shipkeeper/lab";
import { CONTAINER_METRICS, type ContainerId, containerIdSchema, NOT_READ } from "@shipkeeper/model";
import { afterAll, beforeAll, expect, test } from "vitest";

let fleet: Fleet;
let host: LabHost;

beforeAll(async () => {
  fleet = await startFleet({ hosts: ["stats-1"] });
  host = fleet.host("stats-1");
  await loadImages(host, [forgeImage({ tags: ["stats:1"], layers: [busyboxLayer()] })]);
});
afterAll(() => fleet.stop());

async function run(spec: Omit<Parameters<typeof runContainer>[1], "image">) {
  const { handle, name } = await runContainer(host, { image: "stats:1", ...spec });
  const { Id, State } = await handle.inspect();
  return { id: containerIdSchema.parse(Id), name, pid: State.Pid, handle };
}

const place = (metric: (typeof CONTAINER_METRICS)[number]) => CONTAINER_METRICS.indexOf(metric);

test("a busy container's readings agree with what the engine says of it", async () => {
  const command = ["sh", "-c", "while :; do dd if=/dev/zero of=/x bs=1M count=8 2>/dev/null; done"];
  const busy = await run({ name: "busy", command, limits: { memoryBytes: 64 * 2 ** 20, cpus: 0.2 } });
  const sampler = createContainerSampler();

  expect(sampler.attach(busy)).toBe(true);
  const first = sampler.sweep(0).readings[0]?.values.slice();
  const engineSays = await busy.handle.stats({ stream: false });
  const later = sampler.sweep(1).readings[0]?.values;
  const read = (metric: (typeof CONTAINER_METRICS)[number]) => later?.[place(metric)] ?? Number.NaN;
  sampler.close();

  const engineCpuUs = Math.floor(engineSays.cpu_stats.cpu_usage.total_usage / 1_000);
  expect(engineCpuUs).toBeGreaterThanOrEqual(first?.[place("cpuUsageUs")] ?? Number.NaN);
  expect(engineCpuUs).toBeLessThanOrEqual(read("cpuUsageUs"));
  expect(read("cpuThrottledPeriods")).toBeGreaterThan(0);
  expect(read("memoryLimitBytes")).toBe(64 * 2 ** 20);
  expect(read("memoryWorkingSetBytes")).toBeLessThanOrEqual(read("memoryUsageBytes"));
  expect(read("pids")).toBeGreaterThanOrEqual(1);
  expect(read("networkReceivedBytes")).toBeGreaterThanOrEqual(0);
});

test("through the engine's API a container's readings are what its files say", async () => {
  const command = ["sh", "-c", "dd if=/dev/zero of=/x bs=1M count=8; sync; sleep 1000 & wait"];
  const { id, pid, name } = await run({ name: "both", command, limits: { memoryBytes: 64 * 2 ** 20 } });
  const engine = openEngine({ socketPath: host.socketPath });
  const container = await engine.container(id);
  if (container === undefined) throw new Error("the engine does not know the container");
  const files = createContainerSampler({ idleGate: false });
  const api = createApiSampler(engine, Date.now);
  files.attach({ id, pid, name });
  api.follow([container]);
  await waitUntil(() => files.sweep(0).readings[0]?.values[place("pids")] === 2, {
    what: "the container to rest",
    deadlineMs: 10_000,
  });

  const before = files.sweep(1).readings[0]?.values.slice();
  const swept = await api.sweep({ apiVersion: "1.41", signal: new AbortController().signal });
  const after = files.sweep(2).readings[0]?.values;
  files.close();

  const [asked] = swept.readings;
  for (const [at, metric] of CONTAINER_METRICS.entries()) {
    const [least, said, most] = [before, asked?.values, after].map((values) => values?.[at] ?? Number.NaN);
    // Memory moves by itself and both ways: the kernel charges pages by the batch.
    const slack = metric.startsWith("memory") ? 2 ** 20 : 0;
    expect(said, metric).toBeGreaterThanOrEqual((least ?? 0) - slack);
    expect(said, metric).toBeLessThanOrEqual((most ?? 0) + slack);
  }
  expect(asked?.values[place("memoryLimitBytes")]).toBe(64 * 2 ** 20);
  expect(asked?.values[place("networkReceivedBytes")]).not.toBe(NOT_READ);
});

test("containers that share a network count it once, and the host's network not at all", async () => {
  const own = await run({ name: "own" });
  const shared = await run({ name: "shared", networkMode: "container:own" });
  const hosts = await run({ name: "hosts", networkMode: "host" });
  // The lab's hosts are namespaces of one machine: a second container on the same host's network shares it with the first.
  const alsoHosts = await run({ name: "also-hosts", networkMode: "host" });
  const sampler = createContainerSampler();

  for (const container of [own, shared, hosts, alsoHosts]) sampler.attach(container);
  const counted = sampler
    .sweep(0)
    .readings.filter(({ values }) => values[place("networkReceivedBytes")] !== NOT_READ)
    .map(({ name }) => name);
  sampler.close();

  expect(counted).toEqual(["own", "hosts"]);
});

test("a removed container is gone at the next sweep, and its namespace is let go", async () => {
  const doomed = await run({ name: "doomed" });
  const sampler = createContainerSampler();
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  sampler.attach(doomed);

  await doomed.handle.remove({ force: true });
  const gone: ContainerId[] = [];
  await waitUntil(() => gone.push(...sampler.sweep(0).gone) > 0, {
    what: "the container to be gone",
    deadlineMs: 5_000,
  });

  expect(gone).toEqual([doomed.id]);
  expect(descriptors()).toBe(before);
});
