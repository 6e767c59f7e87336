import { waitUntil } from "@shipkeeper/lab";
import type { HealthCheck } from "@shipkeeper/model";
import type { ProbeState } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { applyPlan } from "./apply-plan.ts";
import { restartHandler } from "./restart.ts";
import { actWorld, planOf, restartContainer } from "./testing/act-world.ts";

const healthCheck: HealthCheck = {
  test: ["CMD", "true"],
  intervalMs: 10_000,
  timeoutMs: 5_000,
  startPeriodMs: 0,
  retries: 2,
};
/** 2 × (10 s + 5 s), and half a minute. */
const VERIFY_MS = 60_000;

function sickContainer() {
  const world = actWorld();
  world.engine.addImage({ tags: ["web:1"] });
  const added = world.engine.addContainer({ image: "web:1", name: "web", healthCheck });
  world.engine.setHealth(added.id, "unhealthy");
  return { ...world, id: added.id, look: () => world.engine.container(added.id) };
}

test("a restart that helps is healed, and the try is remembered so", async () => {
  const { engine, clock, context, ledger, id, look } = sickContainer();

  const { outcomes } = await applyPlan(planOf(restartContainer((await look())!)), restartHandler, context);
  expect(ledger.restarts.all().get("name:web")).toMatchObject([{ result: "pending" }]);
  await waitUntil(() => clock.sleepers() === 1, { what: "somebody to wait for health", deadlineMs: 1_000 });
  engine.setHealth(id, "healthy");
  await clock.advance(1_000);

  expect(await outcomes).toMatchObject([{ status: "done", facts: { healed: true, downtimeMs: 0 } }]);
  expect(ledger.restarts.all().get("name:web")).toMatchObject([{ result: "healed" }]);
});

test("a restart that does not help fails when its health check had time to tell", async () => {
  const { clock, context, ledger, look } = sickContainer();

  const { outcomes } = await applyPlan(planOf(restartContainer((await look())!)), restartHandler, context);
  let over = false;
  void outcomes.then(() => (over = true));
  await clock.advance(VERIFY_MS - 1_000);
  expect(over).toBe(false);
  await clock.advance(2_000);

  expect(await outcomes).toMatchObject([{ status: "done", why: "not-healed", facts: { healed: false } }]);
  expect(ledger.restarts.all().get("name:web")).toMatchObject([{ result: "failed" }]);
});

test("a restart has helped when the probes answer as well", async () => {
  const { engine, clock, context, id, look } = sickContainer();
  const probe = { probe: "shop/api", kind: "http", needed: 3, said: "" } as const;
  let state: ProbeState = {
    ...probe,
    lastAt: clock.now() + 500,
    failuresInARow: 0,
    failingSince: clock.now(),
  };
  const plan = planOf(restartContainer((await look())!));

  const { outcomes } = await applyPlan(plan, restartHandler, { ...context, probesOf: () => [state] });
  let over = false;
  void outcomes.then(() => (over = true));
  engine.setHealth(id, "healthy");
  await clock.advance(5_000);
  expect(over).toBe(false);
  state = { ...probe, lastAt: clock.now(), failuresInARow: 0 };
  await clock.advance(1_000);

  expect(await outcomes).toMatchObject([{ status: "done", facts: { healed: true } }]);
});

test("a container that recovered by itself is not restarted, and costs no try", async () => {
  const { engine, context, ledger, id, look } = sickContainer();
  const plan = planOf(restartContainer((await look())!));
  engine.setHealth(id, "healthy");

  const { outcomes } = await applyPlan(plan, restartHandler, context);

  expect(await outcomes).toMatchObject([
    { status: "skipped", why: "changed-since-plan", facts: { changed: "health" } },
  ]);
  expect(engine.mutations).toEqual([]);
  expect(ledger.restarts.all().size).toBe(0);
});

test("an agent that stops does not wait for health any longer", async () => {
  const { clock, context, abort, ledger, look } = sickContainer();

  const { outcomes } = await applyPlan(planOf(restartContainer((await look())!)), restartHandler, context);
  await waitUntil(() => clock.sleepers() === 1, { what: "somebody to wait for health", deadlineMs: 1_000 });
  abort.abort();

  expect(await outcomes).toMatchObject([{ status: "done", why: "stopping", facts: { healed: false } }]);
  expect(ledger.restarts.all().get("name:web")).toMatchObject([{ result: "failed" }]);
});
