import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { CONTAINER_METRICS, NOT_READ, type ContainerId, type ContainerMetric } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { usageRing } from "./usage-ring.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");
const ID = "a".repeat(64) as ContainerId;

function reading(values: Partial<Record<ContainerMetric, number>>, id = ID) {
  const row = CONTAINER_METRICS.map((metric) => values[metric] ?? NOT_READ);
  return { id, name: "web", values: Float64Array.from(row) };
}

test("counters become rates, and the newest reading of a step stands for it", () => {
  const ring = usageRing();
  for (let second = 0; second <= 30; second += 5) {
    ring.take({
      at: NOW + second * SECOND_MS,
      readings: [reading({ cpuUsageUs: second * 500_000, memoryWorkingSetBytes: 1_000 + second })],
    });
  }

  const [cpu, memory, ...rest] = ring.of(ID, NOW + 30 * SECOND_MS);

  expect(cpu).toMatchObject({ metric: "cpu", unit: "cores", min: 0.5, max: 0.5, last: 0.5 });
  expect(memory).toMatchObject({ min: 1_005, max: 1_030, last: 1_030 });
  expect(memory?.points.map(({ at, value }) => [(at - NOW) / SECOND_MS, value])).toEqual([
    [5, 1_005],
    [15, 1_015],
    [25, 1_025],
    [30, 1_030],
  ]);
  expect(rest).toEqual([]);
});

test("what was started again is not told with a fall of its counters", () => {
  const ring = usageRing();
  const used = [1e6, 2e6, 10, 1e6 + 10];
  for (const [place, cpuUsageUs] of used.entries())
    ring.take({ at: NOW + place * 10 * SECOND_MS, readings: [reading({ cpuUsageUs })] });

  expect(ring.of(ID, NOW + MINUTE_MS)[0]?.points.map(({ value }) => value)).toEqual([0.1, 0.1]);
});

test("ten minutes are kept, of containers that were read in them", () => {
  const ring = usageRing();
  ring.take({ at: NOW, readings: [reading({ pids: 9 }, "b".repeat(64) as ContainerId)] });
  for (let minute = 0; minute <= 30; minute += 1)
    ring.take({ at: NOW + minute * MINUTE_MS, readings: [reading({ pids: minute })] });

  const [pids] = ring.of(ID, NOW + 30 * MINUTE_MS);

  expect(pids).toMatchObject({ metric: "processes", min: 21, max: 30 });
  expect(ring.of(ID, NOW + 41 * MINUTE_MS)).toEqual([]);
  expect(ring.of("b".repeat(64), NOW + 5 * MINUTE_MS)).toEqual([]);
});
