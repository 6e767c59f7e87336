import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

test("the same value is the same text, in whatever order it was made", () => {
  const one = canonicalJson({ b: [{ y: 1, x: "é" }], a: undefined, "10": null, "9": true });
  const other = canonicalJson({ "9": true, "10": null, b: [{ x: "é", y: 1 }] });

  expect(one).toBe(other);
  expect(JSON.parse(one)).toEqual({ b: [{ y: 1, x: "é" }], "10": null, "9": true });
});
