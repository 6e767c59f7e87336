import { fileURLToPath } from "node:url";
import { CONTAINER_METRICS, type ContainerId, HOST_METRICS, HOST_SUBJECT, NOT_READ } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { Sweep } from "./container-sampler.ts";
import { createHostSampler } from "./host-sampler.ts";
import { createSampleCollector } from "./sample-collector.ts";

const WEB = "a".repeat(64) as ContainerId;
const DB = "b".repeat(64) as ContainerId;

/** A sweep in which every value of a container is the same number. */
function sweep(at: number, values: Readonly<Record<string, number>>): Sweep {
  const readings = Object.entries(values).map(([id, value]) => ({
    id: id as ContainerId,
    name: id === WEB ? "web" : "db",
    values: new Float64Array(CONTAINER_METRICS.length).fill(value),
  }));
  return { at, readings, gone: [] };
}

test("sweeps become columns, with no reading where a container was not there", () => {
  const collector = createSampleCollector();

  collector.add(sweep(1_000, { [WEB]: 1 }), new Float64Array(HOST_METRICS.length).fill(9));
  collector.add(sweep(2_000, { [WEB]: 2, [DB]: 5 }));
  const { group, droppedRows } = collector.take();

  expect(droppedRows).toBe(0);
  expect(group.times).toEqual([1_000, 2_000]);
  expect(
    group.series.map(({ subject, name, columns }) => [subject, name, Object.values(columns)[0]]),
  ).toEqual([
    [HOST_SUBJECT, "", [9, NOT_READ]],
    [WEB, "web", [1, 2]],
    [DB, "db", [NOT_READ, 5]],
  ]);
  expect(Object.keys(group.series[1]?.columns ?? {})).toEqual([...CONTAINER_METRICS]);
});

test("what the sampler overwrites later stays as it was", () => {
  const collector = createSampleCollector();
  const first = sweep(1_000, { [WEB]: 1 });

  collector.add(first);
  for (const { values } of first.readings) (values as Float64Array).fill(99);

  expect(collector.take().group.series[0]?.columns["pids"]).toEqual([1]);
});

test("beyond its bound the oldest sweeps go, and are counted", () => {
  const collector = createSampleCollector({ mostRows: 4 });

  for (const at of [1, 2, 3]) collector.add(sweep(at, { [WEB]: at, [DB]: at }));
  const first = collector.take();
  const second = collector.take();

  expect(first).toMatchObject({ group: { times: [2, 3] }, droppedRows: 2 });
  expect(second).toEqual({ group: { times: [], series: [] }, droppedRows: 0 });
});

test("a host's row comes from the kernel's files, and what a kernel lacks is not read", () => {
  const readHost = createHostSampler({
    root: fileURLToPath(new URL("fixtures/cgroup-v2", import.meta.url)),
    disk: "/",
  });

  const row = Object.fromEntries(HOST_METRICS.map((metric, index) => [metric, readHost()[index]]));

  expect(row).toMatchObject({
    cpuBusyUs: 13_270_000,
    cpuIoWaitUs: 450_000,
    load1Milli: 520,
    memoryTotalBytes: 8_048_296 * 1_024,
    memoryAvailableBytes: 2 ** 32,
    diskTotalBytes: expect.any(Number),
    networkReceivedBytes: 7_000_000,
    networkSentBytes: 3_000_000,
    cpuPressureUs: 31_415_926,
    memoryPressureUs: NOT_READ,
    ioPressureUs: NOT_READ,
  });
});
