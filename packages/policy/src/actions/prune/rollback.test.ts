import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import type { PastImage } from "../../round/world.ts";
import { container, image, imageId, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const VERSIONS = ["web:1", "web:2", "web:3", "web:4", "web:5"];
const ran = (name: string, daysAgo: number): PastImage => ({
  imageId: imageId(name),
  lastRanAt: NOW - days(daysAgo),
});

/** `web` runs version 5 today and ran the others before, the latest first. */
const PAST = [ran("web:5", 0), ran("web:4", 40), ran("web:3", 60), ran("web:2", 80), ran("web:1", 90)];

function plan(images: object, { past = PAST, present = true } = {}) {
  const web = container("web", {
    imageId: imageId("web:5"),
    compose: { project: "shop", service: "web", number: "1" },
  });
  const world = worldWith({
    images: VERSIONS.map((name) => image(name, { ageDays: 100 })),
    containers: present ? [web] : [],
  });
  const pastImages = new Map([["compose:shop/web/1", past]]);
  const ledger = { ...world.ledger, pastImages };
  return verdicts(
    planPrune(pruneSpecSchema.parse({ images: { unusedFor: "14d", ...images } }), { ...world, ledger }),
  );
}

test("the last two images that a container ran before its present one stay, however long ago that was", () => {
  expect(plan({})).toEqual({
    "web:1": "remove: unused",
    "web:2": "remove: unused",
    "web:3": "keep: rollback-of",
    "web:4": "keep: rollback-of",
    "web:5": "keep: in-use",
  });
});

test("more of them stay for as long as the rule says after they ran", () => {
  expect(plan({ keepRollback: { generations: 1, within: "80d" } })).toMatchObject({
    "web:1": "remove: unused",
    "web:2": "keep: rollback-of",
    "web:3": "keep: rollback-of",
    "web:4": "keep: rollback-of",
  });
});

test("no generations, or no container, and there is nothing to roll back", () => {
  const all = { "web:1": "remove: unused", "web:4": "remove: unused" };

  expect(plan({ keepRollback: { generations: 0 } })).toMatchObject(all);
  expect(plan({}, { present: false })).toMatchObject({ ...all, "web:5": "remove: unused" });
});
