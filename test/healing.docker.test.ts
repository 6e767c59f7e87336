import { type LabContainer, runContainer, waitUntil } from "@shipkeeper/lab";
import { expect, onTestFinished, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { oneHost } from "./agent-lab/one-host.ts";

/** Patience that a test can wait for; what is too many at once is for the tests that say so. */
const policy = `
policy: lab
hosts: { environment: lab }
rules:
  - restart: unhealthy
    mode: enforce
    after: 1s
`;

const SERVE = "trap 'exit 0' TERM INT; sleep 2147483 & wait";

const lab = oneHost("healing");

/** A container of the present test, gone after it. */
async function run(spec: Omit<Parameters<typeof runContainer>[1], "image">): Promise<LabContainer> {
  const container = await runContainer(lab.host, { image: "acme/app:1", healthIntervalMs: 200, ...spec });
  onTestFinished(() => container.handle.remove({ force: true, v: true }));
  return container;
}

const startOf = async ({ handle }: LabContainer) => (await handle.inspect()).State.StartedAt;

type Agent = Awaited<ReturnType<typeof keepHostInTest>>;

const stepsOf = (agent: Agent) => agent.ofKind("run-finished").flatMap(({ outcome }) => outcome.steps);

/** The newest verdict about a container that the agent told. */
function lastVerdict(agent: Agent, name: string) {
  const verdicts = agent
    .ofKind("round")
    .flatMap(({ round }) => round.planned)
    .flatMap((rule) => rule.verdicts);
  return verdicts.findLast(({ target }) => target.name === name);
}

test("ten containers that fall ill with their database are one incident: the database is healed, they are let alone", async () => {
  const file = "/shared/answers";
  const shared = { volume: "shop-state", target: "/shared" };
  const database = await run({
    name: "shop-db-1",
    compose: { project: "shop", service: "db" },
    behaves: { kind: "mends-on-restart", well: file },
    mounts: [shared],
  });
  const dependents: LabContainer[] = [];
  for (let number = 1; number <= 10; number += 1) {
    dependents.push(
      await run({
        name: `shop-web-${number}`,
        compose: { project: "shop", service: "web", number, dependsOn: ["db"] },
        behaves: { kind: "needs", file },
        healthIntervalMs: 2_000,
        mounts: [shared],
      }),
    );
  }
  const before = await Promise.all(dependents.map(startOf));

  const agent = await keepHostInTest(lab.host, { policy });
  await waitUntil(
    async () =>
      (await Promise.all([database, ...dependents].map((one) => one.health()))).every(
        (health) => health === "healthy",
      ),
    { what: "all eleven to be healthy", deadlineMs: 50_000 },
  );
  const closed = await waitUntil(
    () => agent.ofKind("incident").find(({ closedAt }) => closedAt !== undefined),
    {
      what: "the incident to be closed",
      deadlineMs: 30_000,
    },
  );
  await agent.stop();

  expect(await Promise.all(dependents.map(startOf))).toEqual(before);
  expect(stepsOf(agent).map(({ target, status }) => [target.name, status])).toEqual([["shop-db-1", "done"]]);
  expect(new Set(agent.ofKind("incident").map(({ id }) => id)).size).toBe(1);
  expect(closed).toMatchObject({ ended: "healed", heals: 1, container: { name: "shop-db-1" } });
  expect(closed.members.map(({ name }) => name).sort()).toEqual(dependents.map(({ name }) => name).sort());
});

test(
  "what a person stops stays stopped, at whatever moment of a healing it comes",
  { timeout: 120_000 },
  async () => {
    const agent = await keepHostInTest(lab.host, { policy });
    // From before anything is decided to after the container runs again.
    for (const afterMs of [0, 900, 1_100, 1_400, 1_900, 3_000]) {
      const name = `stopped-${afterMs}`;
      // Deaf to SIGTERM: the agent's own stop takes its whole two seconds.
      const sick = await run({
        name,
        command: ["/bin/sh", "-c", "trap '' TERM; while true; do sleep 1; done"],
        healthcheck: { test: ["CMD-SHELL", "exit 1"], intervalMs: 200, timeoutMs: 8_000, retries: 1 },
        stopTimeoutSeconds: 2,
      });
      await waitUntil(() => lastVerdict(agent, name), { what: `a verdict on ${name}`, deadlineMs: 20_000 });
      await new Promise((resolve) => setTimeout(resolve, afterMs));

      await sick.handle.stop().catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 304) throw error; // the agent had it stopped already, and the person got what was asked
      });

      await waitUntil(() => ["not-running", "touched"].includes(lastVerdict(agent, name)?.reason.why ?? ""), {
        what: `the agent to leave ${name} alone`,
        deadlineMs: 30_000,
      });
      expect(await sick.state(), `stopped ${afterMs} ms after the verdict`).toBe("exited");
    }
    await agent.stop();
    expect(agent.ofKind("trouble")).toEqual([]);
  },
);

test("a container that is ill only while it starts is let alone", async () => {
  const slow = await run({
    name: "slow",
    command: ["/bin/sh", "-c", `sleep 4; touch /tmp/well; ${SERVE}`],
    healthcheck: {
      test: ["CMD-SHELL", "test -e /tmp/well"],
      intervalMs: 300,
      timeoutMs: 8_000,
      retries: 1,
      startPeriodMs: 20_000,
    },
  });
  const started = await startOf(slow);

  const agent = await keepHostInTest(lab.host, { policy });
  await waitUntil(async () => (await slow.health()) === "healthy", {
    what: "slow to be healthy",
    deadlineMs: 30_000,
  });
  await waitUntil(() => lastVerdict(agent, "slow")?.reason.why === "healthy", {
    what: "the agent to see it healthy",
    deadlineMs: 20_000,
  });
  await agent.stop();

  expect(await startOf(slow)).toBe(started);
  expect(agent.ofKind("incident")).toEqual([]);
});

test(
  "neither a frozen engine nor its restart has anything healed, missed or mourned",
  { timeout: 180_000 },
  async () => {
    const well: LabContainer[] = [];
    for (const name of ["one", "two", "three"]) {
      well.push(await run({ name, behaves: { kind: "healthy" }, restart: "always" }));
    }
    const agent = await keepHostInTest(lab.host, { policy });
    const isSeen = () => agent.observer.current()?.containers.length === well.length;
    await waitUntil(isSeen, { what: "the agent to see all three", deadlineMs: 20_000 });
    const isBlind = () =>
      agent.observer
        .current()
        ?.gaps.some(({ section }) => section === "engine" || section === "containers") ?? true;

    await lab.host.freeze();
    void agent.observer.refreshNow();
    await waitUntil(isBlind, { what: "the agent to see that it cannot see", deadlineMs: 60_000 });
    lab.host.thaw();
    await waitUntil(() => !isBlind() && isSeen(), { what: "the agent to see again", deadlineMs: 60_000 });

    await lab.host.restart();
    await waitUntil(
      async () =>
        (await Promise.all(well.map((one) => one.health()))).every((health) => health === "healthy"),
      { what: "all three to be healthy after the engine's restart", deadlineMs: 60_000 },
    );
    await waitUntil(() => !isBlind() && isSeen(), { what: "the agent to see again", deadlineMs: 60_000 });
    const restarted = await Promise.all(well.map(startOf));
    await agent.observer.refreshNow();
    await agent.stop();

    expect(await Promise.all(well.map(startOf))).toEqual(restarted);
    expect(stepsOf(agent)).toEqual([]);
    expect(agent.ofKind("incident")).toEqual([]);
  },
);
