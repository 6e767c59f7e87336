import { waitUntil } from "@shipkeeper/lab";
import type { Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { applyPlan } from "./apply-plan.ts";
import { restartHandler } from "./restart.ts";
import { actWorld, planOf, restartContainer } from "./testing/act-world.ts";

const SOON = { deadlineMs: 1_000, everyMs: 1 };
const healthCheck = {
  test: ["CMD", "true"],
  intervalMs: 1_000,
  timeoutMs: 1_000,
  startPeriodMs: 0,
  retries: 1,
};

/** A sick container whose recreation has begun, up to the wait for health. */
async function recreated() {
  const world = actWorld();
  const { engine, context, clock } = world;
  engine.addImage({ tags: ["web:1"] });
  const old = engine.addContainer({ image: "web:1", name: "web", healthCheck });
  engine.setHealth(old.id, "unhealthy");
  const plan = planOf(restartContainer((await engine.container(old.id))!, "recreate"));
  const { outcomes } = await applyPlan(plan, restartHandler, context);
  await waitUntil(() => clock.sleepers() === 1, { what: "somebody to wait for health", ...SOON });
  const all = async (): Promise<Container[]> => {
    const seen = await Promise.all((await engine.containerIds()).map((id) => engine.container(id)));
    return seen.filter((one) => one !== undefined);
  };
  const states = async () => Object.fromEntries((await all()).map(({ name, state }) => [name, state]));
  const made = (await all()).find(({ name }) => name === "web")!;
  return { ...world, old, made, outcomes, states };
}

test("the old container is kept until the new one is healthy, and then goes", async () => {
  const { engine, clock, ledger, old, made, outcomes, states } = await recreated();
  expect(made.id).not.toBe(old.id);
  expect(await states()).toEqual({ web: "running", "web-before-5d0c1f0e": "exited" });

  engine.setHealth(made.id, "healthy");
  await clock.advance(1_000);

  expect(await outcomes).toMatchObject([
    { status: "done", facts: { healed: true, rung: "recreate", containerId: made.id } },
  ]);
  expect(await states()).toEqual({ web: "running" });
  expect(ledger.restarts.all().get("name:web")).toMatchObject([{ result: "healed", rung: "recreate" }]);
});

test("a new container that is no better goes, and the old one is back under its name", async () => {
  const { engine, clock, old, made, outcomes, states } = await recreated();

  engine.setHealth(made.id, "unhealthy");
  await clock.advance(60_000);

  expect(await outcomes).toMatchObject([{ status: "done", why: "not-healed", facts: { healed: false } }]);
  expect(await states()).toEqual({ web: "running" });
  expect((await engine.container(old.id))?.name).toBe("web");
});

test("a container whose network others live in is not made anew", async () => {
  const { engine, context } = actWorld();
  engine.addImage({ tags: ["web:1"] });
  const { id } = engine.addContainer({ image: "web:1", name: "web" });
  const { privileges } = engine.addContainer({ image: "web:1", name: "plain" });
  engine.addContainer({
    image: "web:1",
    name: "sidecar",
    privileges: { ...privileges, networkMode: `container:${id}` },
  });
  engine.setHealth(id, "unhealthy");

  const plan = planOf(restartContainer((await engine.container(id))!, "recreate"));
  const { outcomes } = await applyPlan(plan, restartHandler, context);

  expect(await outcomes).toMatchObject([{ status: "skipped", why: "shared-namespace" }]);
  expect(engine.mutations).toEqual([]);
});
