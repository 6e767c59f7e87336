import { HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { image, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const plan = (images: object, world: ReturnType<typeof worldWith>) =>
  planPrune(pruneSpecSchema.parse({ images }), world);

test("an exception by label spares an image that bears it", () => {
  const world = worldWith({
    images: [
      image("gold:1", { labels: { tier: "gold", team: "a" } }),
      image("tin:1", { labels: { tier: "tin" } }),
      image("plain:1"),
    ],
  });

  expect(verdicts(plan({ unusedFor: "1d", exceptLabels: { tier: "g*" } }, world))).toEqual({
    "tin:1": "remove: unused",
    "plain:1": "remove: unused",
    "gold:1": "keep: excepted",
  });
});

test("a rule that names the least age means it, for named and for dangling images", () => {
  const young = { memory: { firstSeenAt: NOW - HOUR_MS } };
  const world = worldWith({ images: [image("young:1", young), image("young", young), image("old:1")] });

  expect(verdicts(plan({ unusedFor: "30m", minAge: "2h" }, world))).toEqual({
    "old:1": "remove: unused",
    "young:1": "keep: just-arrived",
    [image("young").id.slice(7, 19)]: "keep: just-arrived",
  });
});
