import { expect, test } from "vitest";
import { container } from "../testing/world.ts";
import { dependentsFirst } from "./dependents-first.ts";

const needing = (name: string, ...needed: string[]) =>
  container(name, { labels: { "shipkeeper.depends-on": needed.join(",") } });
const order = (...containers: Parameters<typeof dependentsFirst>[0]) =>
  dependentsFirst(containers).map(({ name }) => name);

test("who depends on another one stops before it, over as many steps as it takes, else names decide", () => {
  expect(order(container("db"), needing("api", "db"), needing("web", "api"), container("cache"))).toEqual([
    "cache",
    "web",
    "api",
    "db",
  ]);
  expect(order(container("c"), container("a"), container("b"))).toEqual(["a", "b", "c"]);
});

test("in a circle everybody has a place, and who needs the circle stops before it", () => {
  expect(order(needing("a", "b"), needing("b", "a"), needing("z", "a"))).toEqual(["z", "a", "b"]);
  expect(order()).toEqual([]);
});
