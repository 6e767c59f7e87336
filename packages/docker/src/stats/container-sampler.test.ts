import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTAINER_METRICS, type ContainerId, NOT_READ } from "@shipkeeper/model";
import { afterEach, expect, test } from "vitest";
import { type ContainerSampler, createContainerSampler, type Sweep } from "./container-sampler.ts";

const ID = "5e4c3b2a19085e4c3b2a19085e4c3b2a19085e4c3b2a19085e4c3b2a19081234" as ContainerId;
const OTHER = "b".repeat(64) as ContainerId;

const folders: string[] = [];
const samplers: ContainerSampler[] = [];
afterEach(() => {
  for (const sampler of samplers.splice(0)) sampler.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A host of cgroup version 2 in a folder, with one container of pid 4242 that tests may change. */
function version2() {
  const root = mkdtempSync(join(tmpdir(), "cgroup-"));
  folders.push(root);
  cpSync(new URL("fixtures/cgroup-v2", import.meta.url), root, { recursive: true });
  const namespace = (pid: number, inode: number) => {
    mkdirSync(join(root, "proc", String(pid), "ns"), { recursive: true });
    symlinkSync(`net:[${inode}]`, join(root, "proc", String(pid), "ns/net"));
  };
  namespace(1, 1_000);
  namespace(4242, 2_000);
  const scope = join(root, `sys/fs/cgroup/system.slice/docker-${ID}.scope`);
  const write = (name: string, text: string) => writeFileSync(join(scope, name), text);
  return { root, scope, write, namespace };
}

function samplerOf(options: Parameters<typeof createContainerSampler>[0]): ContainerSampler {
  const sampler = createContainerSampler(options);
  samplers.push(sampler);
  return sampler;
}

const web = { id: ID, name: "web", pid: 4242 };

function valuesOf({ readings }: Sweep, id = ID): Record<string, number> {
  const values = readings.find((reading) => reading.id === id)?.values ?? [];
  return Object.fromEntries(CONTAINER_METRICS.map((metric, index) => [metric, values[index] ?? Number.NaN]));
}

test("cgroup version 2 is read by the paths that the kernel names", () => {
  const { root } = version2();
  const sampler = samplerOf({ root });

  expect(sampler.attach(web)).toBe(true);
  const sweep = sampler.sweep(7);

  expect(sweep).toMatchObject({ at: 7, gone: [], readings: [{ id: ID, name: "web" }] });
  expect(valuesOf(sweep)).toEqual({
    cpuUsageUs: 123_456_789,
    cpuThrottledUs: 654_321,
    cpuThrottledPeriods: 120,
    memoryUsageBytes: 104_857_600,
    memoryWorkingSetBytes: 104_857_600 - 31_457_280,
    memoryLimitBytes: 268_435_456,
    networkReceivedBytes: 1_234_567_890_123 + 1_000,
    networkSentBytes: 8_765 + 35,
    blockReadBytes: 8_192_000 + 1_000,
    blockWrittenBytes: 4_096_000 + 24,
    pids: 17,
  });
  expect(sampler.rung()).toBe("kept-descriptors");
});

test("no limit is no number, no I/O is 0, and a controller that is not there is not read", () => {
  const { root, scope, write } = version2();
  write("memory.max", "max\n");
  write("io.stat", "");
  rmSync(join(scope, "pids.current"));
  const sampler = samplerOf({ root });

  sampler.attach(web);

  expect(valuesOf(sampler.sweep(0))).toMatchObject({
    memoryLimitBytes: NOT_READ,
    blockReadBytes: 0,
    pids: NOT_READ,
  });
});

test("while the processor time stands still only every twelfth sweep reads the rest", () => {
  const { root, write } = version2();
  const sampler = samplerOf({ root });
  sampler.attach(web);

  write("pids.current", "18\n");
  const seen = Array.from({ length: 12 }, (_, index) => valuesOf(sampler.sweep(index))["pids"]);

  expect(seen.filter((pids) => pids === 17)).toHaveLength(11);
  expect(seen).toContain(18);
});

test("once the processor time moves the rest is read at once", () => {
  const { root, write } = version2();
  const sampler = samplerOf({ root });
  sampler.attach(web);

  write("pids.current", "18\n");
  write("cpu.stat", "usage_usec 123456790\n");

  expect(valuesOf(sampler.sweep(0))).toMatchObject({ cpuUsageUs: 123_456_790, pids: 18 });
});

test("a network namespace that is shared is counted for one container, and inherited when that one ends", () => {
  const { root, scope, namespace } = version2();
  cpSync(scope, scope.replace(ID, OTHER), { recursive: true });
  cpSync(join(root, "proc/4242/net"), join(root, "proc/4343/net"), { recursive: true });
  writeFileSync(join(root, "proc/4343/cgroup"), `0::/system.slice/docker-${OTHER}.scope\n`);
  namespace(4343, 2_000);
  const sampler = samplerOf({ root });
  sampler.attach(web);
  sampler.attach({ id: OTHER, name: "sidecar", pid: 4343 });

  const both = sampler.sweep(0);
  const sentWhileShared = [ID, OTHER].map((id) => valuesOf(both, id)["networkSentBytes"]);
  sampler.detach(ID);
  const left = sampler.sweep(1);

  expect(sentWhileShared).toEqual([8_800, NOT_READ]);
  expect(valuesOf(left, OTHER)["networkSentBytes"]).toBe(8_800);
});

test("the host's own network is not a container's", () => {
  const { root, namespace } = version2();
  rmSync(join(root, "proc/4242/ns"), { recursive: true });
  namespace(4242, 1_000);
  const sampler = samplerOf({ root });
  sampler.attach(web);

  expect(valuesOf(sampler.sweep(0))).toMatchObject({ networkReceivedBytes: NOT_READ, pids: 17 });
});

test("beyond its share of descriptors the sampler opens and closes, and says so", () => {
  const { root } = version2();
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  const sampler = samplerOf({ root, mostDescriptors: 6 });

  sampler.attach(web);

  expect(valuesOf(sampler.sweep(0))).toMatchObject({ cpuUsageUs: 123_456_789, networkSentBytes: 8_800 });
  expect(sampler.rung()).toBe("open-read-close");
  expect(open()).toBe(before);
});

test("a container whose files are gone is named once, and nothing of it stays open", () => {
  const { root, scope } = version2();
  const before = readdirSync("/proc/self/fd").length;
  const sampler = samplerOf({ root, mostDescriptors: 0 });
  sampler.attach(web);

  rmSync(scope, { recursive: true });

  expect(sampler.sweep(0)).toMatchObject({ readings: [], gone: [ID] });
  expect(sampler.sweep(1)).toMatchObject({ readings: [], gone: [] });
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("detaching closes every descriptor, and attaching again replaces", () => {
  const { root } = version2();
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  const sampler = samplerOf({ root });

  sampler.attach(web);
  sampler.attach(web);
  const attached = open();
  sampler.detach(ID);

  expect(attached - before).toBe(7);
  expect(open()).toBe(before);
});

test("a process without a cgroup that is visible here is not attached", () => {
  const { root } = version2();
  const sampler = samplerOf({ root });
  writeFileSync(join(root, "proc/4242/cgroup"), "0::/../../elsewhere\n");

  expect(sampler.attach(web)).toBe(false);
  expect(sampler.attach({ ...web, pid: 999_999_999 })).toBe(false);
});

test("a process that has the number of a container elsewhere is not attached", () => {
  const { root } = version2();
  const sampler = samplerOf({ root });

  expect(sampler.attach({ id: OTHER, name: "elsewhere", pid: 4242 })).toBe(false);
});

test("a file of many pages is read to its end", () => {
  const { root } = version2();
  const lines = Array.from({ length: 500 }, (_, index) => `  net${index}: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n`);
  appendFileSync(join(root, "proc/4242/net/dev"), lines.join(""));
  const sampler = samplerOf({ root });

  sampler.attach(web);

  expect(valuesOf(sampler.sweep(0))["networkSentBytes"]).toBe(8_800 + 1_000);
});
