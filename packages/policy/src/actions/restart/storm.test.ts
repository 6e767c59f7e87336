import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { bystanders, planHealing, tries, withTries, type Try } from "../../testing/healing.ts";
import { NOW, unhealthy, verdicts, worldWith } from "../../testing/world.ts";
import { stormOf } from "./storm.ts";

const DEFAULT = { share: 30, least: 3 };
const at = (...minutesAgo: number[]) => minutesAgo.map((minutes) => NOW - minutes * MINUTE_MS);

test("three in ten that fall ill within ten minutes are a storm, fewer or one after the other are none", () => {
  expect(stormOf(DEFAULT, at(1, 1, 1), 10)).toEqual({ sick: 3, of: 10 });
  expect(stormOf(DEFAULT, at(1, 1, 1), 11)).toBeUndefined();
  expect(stormOf(DEFAULT, at(1, 1), 2)).toBeUndefined();
  expect(stormOf(DEFAULT, at(20, 10, 1), 10)).toBeUndefined();
  expect(stormOf(DEFAULT, at(19, 11, 10), 10)).toEqual({ sick: 3, of: 10 });
});

test("what is past mending makes no storm of what falls ill beside it", () => {
  const told = Array.from({ length: 5 }, (_, index): Try => [(5 - index) * 5 * MINUTE_MS, "failed"]);
  const names = ["a", "b", "c"];
  const world = worldWith({
    containers: [...names.map((name) => unhealthy(name, { forSeconds: HOUR_MS / 1_000 })), ...bystanders(3)],
  });

  expect(verdicts(planHealing(world)).a).toBe("wait: host-storm");
  expect(verdicts(planHealing(withTries(world, { a: tries(...told), b: tries(...told) })))).toMatchObject({
    a: "give-up: budget-used",
    b: "give-up: budget-used",
    c: "restart: unhealthy",
  });
});
