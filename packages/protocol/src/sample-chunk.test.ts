import { InvalidInput } from "@shipkeeper/kit";
import { CONTAINER_METRICS, NOT_READ, type SampleGroup } from "@shipkeeper/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSampleGroup, encodeSampleGroup, sampleHeadSchema } from "./sample-chunk.ts";

const START = Date.UTC(2030, 0, 31);

const value = fc.oneof(
  fc.constant(NOT_READ),
  fc.constant(0),
  fc.constant(Number.MAX_SAFE_INTEGER),
  fc.nat(1_000),
  fc.maxSafeNat(),
);

/** Groups of up to 20 times, with runs of the same value, values that come and go, and two lists of metrics. */
const group: fc.Arbitrary<SampleGroup> = fc.array(fc.nat(100_000), { maxLength: 20 }).chain((steps) => {
  const times = steps.map((_, index) => START + steps.slice(0, index).reduce((sum, step) => sum + step, 0));
  const column = fc.oneof(
    fc.array(value, { minLength: times.length, maxLength: times.length }),
    value.map((constant) => times.map(() => constant)),
  );
  const columns = fc.oneof(fc.record({ cpu: column, pids: column }), fc.record({ load: column }));
  const series = fc.record({
    subject: fc.string({ maxLength: 64 }),
    name: fc.string({ maxLength: 64 }),
    columns,
  });
  return fc.record({ times: fc.constant(times), series: fc.array(series, { maxLength: 5 }) });
});

test("what is encoded comes back", () => {
  fc.assert(
    fc.property(group, (group) => {
      const { head, body } = encodeSampleGroup(group);

      expect(decodeSampleGroup(sampleHeadSchema.parse(JSON.parse(JSON.stringify(head))), body)).toEqual(
        group,
      );
    }),
  );
});

test("any part of the bytes, and any bytes beyond them, are refused", () => {
  fc.assert(
    fc.property(group, fc.nat(), (group, seed) => {
      const { head, body } = encodeSampleGroup(group);
      const cut = seed % Math.max(1, body.length);

      if (cut < body.length) expect(() => decodeSampleGroup(head, body.slice(0, cut))).toThrow(InvalidInput);
      expect(() => decodeSampleGroup(head, Uint8Array.of(...body, 0))).toThrow("bytes are left over");
    }),
  );
});

test("arbitrary bytes are a group or invalid input, never anything else", () => {
  const head = { from: 0, to: 0, rows: 4, series: [{ subject: "x", name: "", metrics: ["a", "b"] }] };

  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
      try {
        const decoded = decodeSampleGroup(head, body);
        expect(encodeSampleGroup(decoded).body).toEqual(body);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
      }
    }),
  );
});

describe("a body that says more than its head, or says it badly, is refused:", () => {
  const head = { from: 7, to: 7, rows: 2, series: [{ subject: "x", name: "", metrics: ["a"] }] };
  const times = [0x07, 0x00];

  test.each([
    ["a run beyond its column", [...times, 0x40, 0x03]],
    ["a run of one", [...times, 0x40, 0x01]],
    ["an overlong number", [...times, 0x85, 0x00, 0x00]],
    ["a number above 2^53", [...times, 0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00]],
    ["a value below NOT_READ", [...times, 0x42, 0x00]],
    ["times that are not the head's", [0x08, 0x00, 0x40, 0x02]],
    ["times that go back", [0x07, 0x41, 0x40, 0x02]],
  ])("%s", (_, bytes) => {
    expect(() => decodeSampleGroup(head, Uint8Array.from(bytes))).toThrow(InvalidInput);
  });

  test("runs that unpack to more than memory should hold", () => {
    const series = Array.from({ length: 2_000 }, () => ({ subject: "x", name: "", metrics: ["a"] }));
    const zeros = [0x40, 0x90, 0x9c, 0x01]; // 10,000 of them
    const columns = Array.from({ length: 2_001 }, () => zeros).flat();

    expect(() =>
      decodeSampleGroup({ from: 0, to: 0, rows: 10_000, series }, Uint8Array.from(columns)),
    ).toThrow("more than 4194304 values");
  });
});

/** Two hundred containers at 10 s, as six sweeps are shipped together; `moving` of the values move each time. */
function fleetGroup({ moving }: { moving: boolean }): SampleGroup {
  const sweeps = 6;
  const noise = (seed: number) => Math.abs(Math.sin(seed) * 10_000) % 1;
  const columnsOf = (container: number) =>
    Object.fromEntries(
      CONTAINER_METRICS.map((metric, place) => {
        const stands =
          metric === "memoryLimitBytes" || metric.startsWith("cpuThrottled") || metric === "pids";
        const first = stands ? 4 : Math.floor(noise(container + place) * 1e10);
        const step = (index: number) => Math.floor(noise(container * 31 + place * 7 + index) * 200_000);
        let value = first;
        const values = Array.from(
          { length: sweeps },
          (_, index) => (value += moving && !stands ? step(index) : 0),
        );
        return [metric, values];
      }),
    );
  return {
    times: Array.from({ length: sweeps }, (_, index) => START + index * 10_000),
    series: Array.from({ length: 200 }, (_, container) => ({
      subject: container.toString(16).padStart(64, "0"),
      name: `shop-web-${container}`,
      columns: columnsOf(container),
    })),
  };
}

test("a container's sample costs few bytes, and next to none while it is idle", () => {
  const bytesPerSample = (group: SampleGroup) =>
    encodeSampleGroup(group).body.length / (group.series.length * group.times.length);

  // Measured: 25.1 moving, 10.2 idle, and 17 for the head. Idle, what remains is each column's first value, a sixth of it.
  expect(bytesPerSample(fleetGroup({ moving: true }))).toBeLessThanOrEqual(45);
  expect(bytesPerSample(fleetGroup({ moving: false }))).toBeLessThanOrEqual(12);
});
