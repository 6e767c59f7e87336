import { expect, test } from "vitest";
import {
  afterReading,
  everyByteReadSince,
  nextStretch,
  NOTHING_READ,
  PLACES,
  shareRead,
  subsetOf,
  sweepFacts,
  sweepOf,
  type Sweep,
} from "./sweep.ts";

const NOW = Date.UTC(2030, 0, 31, 2);

/** The first bytes of the packs that restic reads for a subset. */
function bytesOf(subset: string): number[] {
  const [group = 0, groups = 1] = subset.split("/").map(Number);
  return Array.from({ length: PLACES }, (_, byte) => byte).filter((byte) => byte % groups === group - 1);
}

/** What was read by steps of these lengths, one after the other. */
function readAll(lengths: (step: number) => number): { subsets: string[]; bytes: number[] } {
  let sweep = NOTHING_READ;
  const subsets: string[] = [];
  do {
    const stretch = nextStretch(sweep, lengths(subsets.length));
    subsets.push(subsetOf(stretch));
    sweep = afterReading(sweep, stretch, NOW);
  } while (sweep.next !== 0);
  return { subsets, bytes: subsets.flatMap(bytesOf) };
}

test.for([1, 2, 8, 64, 256])("in steps of %i places every pack is read once a sweep", (length) => {
  const { subsets, bytes } = readAll(() => length);

  expect(subsets).toHaveLength(PLACES / length);
  expect(bytes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: PLACES }, (_, byte) => byte));
});

test("where steps grow and shrink, still every pack is read once", () => {
  const { subsets, bytes } = readAll((step) => [1, 4, 32, 2, 16, 3][step % 6] ?? 1);

  expect(new Set(subsets.map((subset) => subset.split("/")[1])).size).toBeGreaterThan(3);
  expect(bytes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: PLACES }, (_, byte) => byte));
});

test("a sweep travels in the facts of a proof, and what is no sweep counts as nothing read", () => {
  const half = afterReading(NOTHING_READ, { from: 0, to: 128 }, NOW);
  const facts = sweepFacts(half);

  expect(facts).toEqual({ next: 128, readAt: `128@${NOW.toString(36)} 128@-` });
  expect(sweepOf({ facts })).toEqual(half);
  expect(shareRead(half)).toBe(0.5);
  for (const broken of [undefined, {}, { next: 300, readAt: "256@-" }, { next: 0, readAt: "9@- x" }]) {
    expect(sweepOf(broken && { facts: broken })).toEqual(NOTHING_READ);
  }
});

test("every byte was read since the oldest of its parts, once all were read", () => {
  const steps = [0, 64, 128, 192].map((from) => ({ from, to: from + 64 }));
  const read = (sweep: Sweep, count: number) =>
    steps.slice(0, count).reduce((now, step, index) => afterReading(now, step, NOW + index), sweep);
  const since = (sweep: Sweep) => everyByteReadSince({ facts: sweepFacts(sweep) });

  expect(since(read(NOTHING_READ, 3))).toBeUndefined();
  expect(since(read(NOTHING_READ, 4))).toBe(NOW);
  expect(since(afterReading(read(NOTHING_READ, 4), { from: 0, to: 64 }, NOW + 9))).toBe(NOW + 1);
});
