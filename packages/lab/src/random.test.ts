import { expect, test } from "vitest";
import { seededRandom } from "./random.ts";

test("the same seed gives the same numbers, another seed gives others", () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, () => random.between(0, 1000));
  };

  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test("whole numbers reach both ends and nothing beyond", () => {
  const random = seededRandom(1);

  const drawn = new Set(Array.from({ length: 200 }, () => random.between(3, 6)));

  expect([...drawn].toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6]);
});

test("numbers spread evenly", () => {
  const random = seededRandom(2);

  const low = Array.from({ length: 10_000 }, () => random.next()).filter((number) => number < 0.25);

  expect(low.length).toBeGreaterThan(2_300);
  expect(low.length).toBeLessThan(2_700);
});

test("a fork goes its own way and leaves the stream that it came from alone", () => {
  const forked = seededRandom(3);
  const plain = seededRandom(3);

  const other = forked.fork("images");
  other.next();

  expect(forked.next()).toBe(plain.next());
  expect(seededRandom(3).fork("images").next()).not.toBe(seededRandom(3).fork("volumes").next());
});

test("shuffling keeps every item once", () => {
  const items = [1, 2, 3, 4, 5, 6, 7, 8];

  const shuffled = seededRandom(4).shuffled(items);

  expect(shuffled).not.toEqual(items);
  expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
});
