import { expect, test } from "vitest";
import { LANES, decodeEntry, laneOf, knownEntrySchema } from "./entries.ts";

test("an entry of a kind to come is kept as it is: a newer agent meant something by it", () => {
  const raw = { kind: "dream", of: "electric sheep" };

  expect(decodeEntry(raw)).toEqual({ entry: { kind: "unknown", raw } });
});

test("a field to come does not spoil a known entry", () => {
  const decoded = decodeEntry({ kind: "trouble", at: 0, code: "a", message: "b", mood: "good" });

  expect(decoded).toEqual({ entry: { kind: "trouble", at: 0, code: "a", message: "b" } });
});

test.each([
  ["no object", "text", "kind: expected a text"],
  ["an object without a kind", { at: 0 }, "kind: expected a text"],
  ["null", null, "kind: expected a text"],
  ["a known kind with a wrong field", { kind: "trouble", at: "now", code: "a", message: "b" }, "at: "],
  ["a time beyond all calendars", { kind: "trouble", at: 2 ** 53, code: "a", message: "b" }, "at: "],
])("%s has problems, each with its place", (_name, raw, problem) => {
  const decoded = decodeEntry(raw);

  expect("problems" in decoded ? decoded.problems.join() : "").toContain(problem);
});

test("every kind has a lane, and only readings and states may give way", () => {
  const kinds = knownEntrySchema.options.map((option) => option.shape.kind.value);
  const lanes = Object.groupBy(kinds, laneOf);

  expect(Object.keys(lanes).toSorted()).toEqual([...LANES].toSorted());
  expect(lanes).toMatchObject({
    samples: ["samples"],
    state: ["inventory", "standing", "restore-points", "log-watch", "repositories"],
  });
});
