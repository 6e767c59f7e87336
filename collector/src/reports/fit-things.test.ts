import type { NextThing, Urgency } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { fitThings } from "./fit-things.ts";

const things = (kind: string, urgency: Urgency, count: number): NextThing[] =>
  Array.from({ length: count }, (_, place) => ({ urgency, kind, what: `${kind} ${place + 1}`, why: "so" }));

const fit = (...kinds: NextThing[][]) =>
  fitThings(kinds, { places: 6, placesOfAKind: 2 }).map(({ what, why }) => `${what}: ${why}`);

test("the most urgent comes first, and what has no place is left out", () => {
  expect(
    fit(things("c", "plan", 2), things("b", "soon", 2), things("a", "now", 2), things("d", "plan", 1)),
  ).toEqual(["a 1: so", "a 2: so", "b 1: so", "b 2: so", "c 1: so", "c 2: so"]);
});

test("a kind gets more than its few places only where others leave them", () => {
  expect(fit(things("a", "now", 9), things("b", "plan", 1))).toEqual([
    "a 1: so",
    "a 2: so",
    "a 3: so",
    "a 4: so",
    "a 5: so; and 4 more like this",
    "b 1: so",
  ]);
});
