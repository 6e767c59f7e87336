import { expect, test } from "vitest";
import { newest, newestOfEach } from "./newest.ts";

const one = (name: string, at: number) => ({ name, at });

test("the newest is the latest, and of several at that time the first", () => {
  expect(newest([])).toBeUndefined();
  expect(newest([one("a", 1), one("b", 3), one("c", 3), one("d", 2)])?.name).toBe("b");
});

test("each key has its own newest", () => {
  const all = [one("a", 1), one("b", 9), one("a", 3), one("a", 2)];

  expect(newestOfEach(all, ({ name }) => name)).toEqual([one("a", 3), one("b", 9)]);
});
