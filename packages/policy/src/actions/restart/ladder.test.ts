import { MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import {
  bystanders,
  firstVerdict,
  planHealing,
  sick,
  tries,
  withTries,
  type Try,
} from "../../testing/healing.ts";
import { container, image, unhealthy, verdicts, worldWith } from "../../testing/world.ts";

const ALLOWED = guardrailsSchema.parse({ allow: { recreate: ["web*"] } });

test("each try that did not help is followed by a rougher one", () => {
  const rung = (count: number, spec = {}, guardrails = ALLOWED) => {
    const told = Array.from({ length: count }, (_, back): Try => [(count - back) * 6 * MINUTE_MS, "failed"]);
    return firstVerdict({ ...sick(told), guardrails }, { budget: { restarts: 9 }, ...spec }).decision;
  };

  expect([0, 1, 2, 3].map((count) => rung(count))).toEqual(["restart", "kill", "kill", "kill"]);
  expect([0, 1, 2, 3].map((count) => rung(count, { recreate: true }))).toEqual([
    "restart",
    "kill",
    "recreate",
    "recreate",
  ]);
  expect(rung(2, { recreate: true }, guardrailsSchema.parse({ allow: { recreate: ["db"] } }))).toBe("kill");
});

test("a database is only ever restarted, and what others live in is not made anew", () => {
  const told = tries([20 * MINUTE_MS, "failed"], [10 * MINUTE_MS, "failed"]);
  const rung = (web: ReturnType<typeof unhealthy>, ...others: ReturnType<typeof container>[]) =>
    firstVerdict(
      withTries(worldWith({ containers: [web, ...others] }, { guardrails: ALLOWED }), { web: told }),
      { recreate: true },
    ).decision;
  const web = unhealthy("web", { forSeconds: 36_000 });
  const guest = container("guest", { privileges: { ...web.privileges, networkMode: "container:web" } });

  expect(rung(web)).toBe("recreate");
  expect(rung({ ...web, image: "postgres:15" })).toBe("restart");
  expect(rung(web, guest)).toBe("kill");
});

test("at most so many heals of a host and of an image in a while; who comes too late waits a turn", () => {
  const shared = image("app:1").id;
  const containers = [
    ...["a", "b", "c", "d"].map((name, index) =>
      unhealthy(name, { forSeconds: 400 - index, imageId: shared }),
    ),
    ...bystanders(),
  ];
  const world = worldWith({ containers });
  const calm = { storm: { least: 50 } };
  const decided = (plan: ReturnType<typeof planHealing>) =>
    Object.fromEntries(Object.entries(verdicts(plan)).filter(([name]) => !name.startsWith("well")));

  expect(decided(planHealing(world, calm))).toEqual({
    a: "restart: unhealthy",
    b: "restart: unhealthy",
    c: "restart: unhealthy",
    d: "wait: host-cap",
  });
  expect(decided(planHealing(world, { ...calm, perImage: { restarts: 1 } }))).toEqual({
    a: "restart: unhealthy",
    b: "wait: image-cap",
    c: "wait: image-cap",
    d: "wait: image-cap",
  });

  const others = withTries(world, { gone: tries([4 * MINUTE_MS, "healed"], [2 * MINUTE_MS, "failed"]) });
  expect(decided(planHealing(others, calm))).toMatchObject({ a: "restart: unhealthy", b: "wait: host-cap" });
  expect(planHealing(others, calm).verdicts[1]?.reason).toMatchObject({
    most: 3,
    perMs: 5 * MINUTE_MS,
    nextAt: world.now + MINUTE_MS,
  });
});
