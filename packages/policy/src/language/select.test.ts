import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { container } from "../testing/world.ts";
import { selectsContainer, selectsLabels, selectsVolume } from "./select.ts";

test("a selector that says nothing selects nothing", () => {
  expect(selectsLabels({}, { environment: "production" })).toBe(false);
  expect(selectsContainer({}, container("web"))).toBe(false);
  expect(selectsContainer({ names: [] }, container("web"))).toBe(false);
  expect(selectsVolume({ labels: {} }, plainVolume("data"))).toBe(false);
});

test("all labels must be there and match; a key that every object has is no label", () => {
  const labels = { environment: "production", site: "vienna-2" };

  expect(selectsLabels({ environment: "production", site: "vienna-*" }, labels)).toBe(true);
  expect(selectsLabels({ environment: "production", ring: "*" }, labels)).toBe(false);
  expect(selectsLabels({ constructor: "*" }, labels)).toBe(false);
});

test("one of the names must match, and the labels, too, where both are asked for", () => {
  const web = container("shop-web-1", { labels: { tier: "gold" } });

  expect(selectsContainer({ names: ["api-*", "shop-*"] }, web)).toBe(true);
  expect(selectsContainer({ names: ["shop-*"], labels: { tier: "silver" } }, web)).toBe(false);
  expect(selectsContainer({ labels: { tier: "*" } }, web)).toBe(true);
});
