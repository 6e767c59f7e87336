import { FakeEngine, fakeContainerId, fakeImageId, type ContainerSampler } from "@shipkeeper/docker";
import { plainContainer } from "@shipkeeper/model/testing";
import { CONTAINER_METRICS, type Container, type Inventory, type SampleGroup } from "@shipkeeper/model";
import { silentLog } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startSampling } from "./sample.ts";

beforeEach(() => void vi.useFakeTimers({ now: Date.parse("2030-01-31T02:00:00Z") }));
afterEach(() => void vi.useRealTimers());

const container = (name: string, pid: number | undefined): Container => ({
  ...plainContainer({ id: fakeContainerId(name), name, imageId: fakeImageId("web") }),
  ...(pid === undefined ? { state: "exited" as const } : { pid }),
});

/** Reads its container's process id as every value; of those in `hidden` it sees no files. */
function fakeSampler(hidden: readonly string[]) {
  const attached = new Map<string, { id: ReturnType<typeof fakeContainerId>; name: string; pid: number }>();
  const calls: string[] = [];
  const sampler: ContainerSampler = {
    attach(one) {
      if (hidden.includes(one.name)) return false;
      calls.push(`attach ${one.name} ${one.pid}`);
      attached.set(one.id, one);
      return true;
    },
    detach: (id) => (calls.push(`detach ${attached.get(id)?.name}`), void attached.delete(id)),
    sweep: (at) => ({
      at,
      gone: [],
      readings: Array.from(attached.values(), ({ id, name, pid }) => ({
        id,
        name,
        values: new Float64Array(CONTAINER_METRICS.length).fill(pid),
      })),
    }),
    rung: () => "kept-descriptors",
    close: () => void calls.push("close"),
  };
  return { sampler, calls };
}

function sampling(sampleIntervalMs: number, { hidden = [] }: { hidden?: readonly string[] } = {}) {
  const { sampler, calls } = fakeSampler(hidden);
  const engine = new FakeEngine();
  const groups: SampleGroup[] = [];
  let listener: (inventory: Inventory) => void = () => undefined;
  const service = startSampling({
    observer: {
      current: () => undefined,
      subscribe(callback) {
        listener = callback;
        return () => undefined;
      },
    },
    engine,
    clock: Date.now,
    log: silentLog,
    sampleIntervalMs,
    onGroup: (group) => groups.push(group),
    sampler,
    readHost: () => new Float64Array(12),
  });
  const look = (...containers: Container[]) =>
    listener({ containers, engine: { apiVersion: "1.41" } } as unknown as Inventory);
  return { service, engine, groups, calls, look };
}

test("hands on a group a minute, a subject that came later with nothing before", async () => {
  const { service, groups, look } = sampling(10_000);
  look(container("a", 1));
  vi.advanceTimersByTime(30_000);
  look(container("a", 1), container("b", 2));
  vi.advanceTimersByTime(30_000);
  await service.stop();

  const [group] = groups;
  expect(groups).toHaveLength(1);
  expect(group?.times).toHaveLength(6);
  const cpuOf = (name: string) => group?.series.find((one) => one.name === name)?.columns["cpuUsageUs"];
  expect(cpuOf("a")).toEqual([1, 1, 1, 1, 1, 1]);
  expect(cpuOf("b")).toEqual([-1, -1, -1, 2, 2, 2]);
});

test("an interval of a minute or more gives a group a sweep", async () => {
  const { service, groups } = sampling(120_000);

  vi.advanceTimersByTime(360_000);
  await service.stop();

  expect(groups.map(({ times }) => times.length)).toEqual([1, 1, 1]);
});

test("attaches what starts, again after a restart, and lets go of what ended", async () => {
  const { service, calls, look } = sampling(10_000);

  look(container("a", 1));
  look(container("a", 1));
  look(container("a", 7));
  look(container("a", undefined));
  await service.stop();

  expect(calls).toEqual(["attach a 1", "attach a 7", "detach a", "close"]);
});

test("asks the engine of what cannot be seen, every fifteen seconds at most, in groups of its own", async () => {
  const { service, engine, groups, look } = sampling(5_000, { hidden: ["b"] });
  engine.addImage({ id: fakeImageId("web"), tags: ["web:1"] });
  const b = engine.addContainer({ name: "b", image: "web:1" });
  engine.used.set(b.id, { pids: 7 });

  look(container("a", 1), b);
  const rung = service.rung();
  await vi.advanceTimersByTimeAsync(60_000);
  await service.stop();

  expect(rung).toBe("api");
  const [asked, read] = groups;
  expect([asked?.times.length, read?.times.length]).toEqual([4, 12]);
  expect(asked?.series.map(({ name, columns }) => [name, columns["pids"]])).toEqual([["b", [7, 7, 7, 7]]]);
  expect(read?.series.map(({ name }) => name)).toEqual(["", "a"]);
});

test("an engine that is away costs the readings through it, and no others", async () => {
  const { service, engine, groups, look } = sampling(15_000, { hidden: ["b"] });
  engine.addImage({ id: fakeImageId("web"), tags: ["web:1"] });
  look(container("a", 1), engine.addContainer({ name: "b", image: "web:1" }));

  const back = engine.goDown();
  await vi.advanceTimersByTimeAsync(30_000);
  back();
  await vi.advanceTimersByTimeAsync(30_000);
  await service.stop();

  expect(groups.map(({ times }) => times.length)).toEqual([4, 2]);
});
