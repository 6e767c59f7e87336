import { DockerUnavailable } from "@shipkeeper/docker";
import { waitUntil } from "@shipkeeper/lab";
import type { Container, HealthCheck } from "@shipkeeper/model";
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

const SOON = { deadlineMs: 1_000, everyMs: 1 };

function sickContainer(fields: Partial<Container> = {}) {
  const world = actWorld();
  world.engine.addImage({ tags: ["web:1"] });
  const added = world.engine.addContainer({ image: "web:1", name: "web", healthCheck, ...fields });
  world.engine.setHealth(added.id, "unhealthy");
  const look = () => world.engine.container(added.id);
  const calls = () => world.engine.mutations.map(({ call }) => call);
  const plan = async (decision?: string) => planOf(restartContainer((await look())!, decision));
  return { ...world, id: added.id, look, calls, plan };
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

test("a container that somebody stopped first stays stopped", async () => {
  const { engine, context, ledger, id, look, calls, plan } = sickContainer();
  const goOn = engine.fail({ call: "stopContainer", with: "hang" });

  const applied = applyPlan(await plan(), restartHandler, context);
  await waitUntil(() => calls().includes("stopContainer"), { what: "the order to stop", ...SOON });
  engine.stopByHand(id);
  goOn();

  expect(await (await applied).outcomes).toMatchObject([{ status: "skipped", why: "stopped-by-somebody" }]);
  expect((await look())?.state).toBe("exited");
  expect(calls()).toEqual(["stopContainer"]);
  expect(ledger.restarts.all().size).toBe(0);
});

test("a container that somebody stops while the agent does stays stopped", async () => {
  const { engine, context, id, look, calls, plan } = sickContainer();
  const goOn = engine.fail({ call: "stopContainer", with: "hang" });

  const applied = applyPlan(await plan(), restartHandler, context);
  await waitUntil(() => calls().includes("stopContainer"), { what: "the order to stop", ...SOON });
  engine.signalByHand(id, 15);
  goOn();

  expect(await (await applied).outcomes).toMatchObject([{ status: "skipped", why: "stopped-by-somebody" }]);
  expect((await look())?.state).toBe("exited");
});

test("an engine that goes away between stop and start is awaited, and the container runs again", async () => {
  const { engine, clock, context, look, calls, plan } = sickContainer();
  const error = new DockerUnavailable("fake engine", { cause: new Error("ECONNREFUSED") });
  const back = engine.fail({ call: "startContainer", with: error });

  const applied = applyPlan(await plan(), restartHandler, context);
  await waitUntil(() => calls().includes("startContainer"), { what: "a try to start", ...SOON });
  await waitUntil(() => clock.sleepers() === 1, { what: "the wait for the next try", ...SOON });
  expect((await look())?.state).toBe("exited");
  back();
  await clock.advance(2 * VERIFY_MS);

  expect(await (await applied).outcomes).toMatchObject([{ status: "done" }]);
  expect((await look())?.state).toBe("running");
});

test("an agent that has to stop before the container runs again leaves the step open for its next start", async () => {
  const { engine, clock, context, abort, ledger, calls, plan } = sickContainer();
  const error = new DockerUnavailable("fake engine", { cause: new Error("ECONNREFUSED") });
  engine.fail({ call: "startContainer", with: error });

  const applied = applyPlan(await plan(), restartHandler, context);
  await waitUntil(() => calls().includes("startContainer"), { what: "a try to start", ...SOON });
  await waitUntil(() => clock.sleepers() === 1, { what: "the wait for the next try", ...SOON });
  abort.abort();

  await expect(applied).rejects.toThrow("the agent still has to start web again");
  expect(ledger.journal.openRuns()[0]?.steps).toMatchObject([{ position: 0 }]);
  expect(ledger.journal.openRuns()[0]?.steps[0]?.outcome).toBeUndefined();
});

test("what does not end when it is asked to is killed, and runs again", async () => {
  const { engine, clock, context, id, look, calls, plan } = sickContainer({ stopTimeoutSeconds: 0 });
  engine.stubborn.add(id);

  const { outcomes } = await applyPlan(await plan("kill"), restartHandler, context);
  await clock.advance(VERIFY_MS);
  await outcomes;

  expect(calls()).toEqual(["stopContainer", "startContainer"]);
  expect((await look())?.state).toBe("running");
});

test("what does not end when it is killed is given up as unkillable, and not started", async () => {
  const { engine, clock, context, ledger, id, calls, plan } = sickContainer();
  engine.unkillable.add(id);

  const applied = applyPlan(await plan("kill"), restartHandler, context);
  await waitUntil(() => clock.sleepers() === 1, { what: "somebody to wait for its end", ...SOON });
  await clock.advance(31_000);

  expect(await (await applied).outcomes).toMatchObject([{ status: "failed", why: "unkillable" }]);
  expect(calls()).toEqual(["stopContainer", "killContainer"]);
  expect(ledger.restarts.all().get("name:web")).toMatchObject([{ result: "failed", why: "unkillable" }]);
});

test("a container that is in somebody's hand is left to them", async () => {
  const { context, claims, id, calls, plan } = sickContainer();
  claims.take(id, "backup");

  const { outcomes } = await applyPlan(await plan(), restartHandler, context);

  expect(await outcomes).toMatchObject([{ status: "skipped", why: "busy" }]);
  expect(calls()).toEqual([]);
});

test("the slow stop of one container keeps no other from being healed", async () => {
  const { engine, clock, context, look, plan } = sickContainer();
  const other = engine.addContainer({ image: "web:1", name: "other" });
  engine.setHealth(other.id, "unhealthy");
  const verdicts = [...(await plan()).verdicts, restartContainer((await engine.container(other.id))!)];
  const goOn = engine.fail({ call: "stopContainer", subject: (await look())!.id, with: "hang" });

  const applied = applyPlan(planOf(...verdicts), restartHandler, context);
  const healed = await waitUntil(
    async () =>
      engine.mutations.find(({ call, subject }) => call === "startContainer" && subject === other.id),
    { what: "the other one to be started", ...SOON },
  );
  goOn();

  expect(healed).toBeDefined();
  const { outcomes } = await applied;
  await clock.advance(2 * VERIFY_MS);
  await outcomes;
});
