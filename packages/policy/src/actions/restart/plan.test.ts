import { HOUR_MS, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { NO_STEPS } from "../../round/step-counts.ts";
import type { RestartAttempt } from "../../round/world.ts";
import { container, NOW, unhealthy, verdicts, worldWith } from "../../testing/world.ts";
import { planRestart } from "./plan.ts";
import { restartSpecSchema } from "./spec.ts";

type World = ReturnType<typeof worldWith>;
const plan = (world: World, spec: object = {}) => planRestart(restartSpecSchema.parse(spec), world);

/** A world with one sick container and its tries, said by how long ago they were. */
function sick(
  tries: [agoMs: number, result: RestartAttempt["result"]][],
  facts: Parameters<typeof unhealthy>[1] = {},
) {
  const world = worldWith({ containers: [unhealthy("web", facts)] });
  const attempts = tries.map(([agoMs, result]) => ({ at: NOW - agoMs, result, rung: "restart" as const }));
  return { ...world, ledger: { ...world.ledger, restarts: new Map([["name:web", attempts]]) } };
}

const reasonFor = (world: World, spec: object = {}) => {
  const [verdict] = plan(world, spec).verdicts;
  return { decision: verdict?.decision, ...verdict?.reason };
};

test("a container is restarted when it was unhealthy without a break for long enough", () => {
  expect(reasonFor(sick([], { forSeconds: 59 }))).toMatchObject({ decision: "wait", why: "confirming" });
  expect(reasonFor(sick([], { forSeconds: 60 }))).toMatchObject({
    decision: "restart",
    why: "unhealthy",
    attempt: 1,
  });
  expect(reasonFor(sick([], { forSeconds: 60 }), { after: "2m" })).toMatchObject({
    why: "confirming",
    evidence: "unhealthy for 1 minute (limit 2 minutes)",
  });
});

test("an illness that nobody remembers the beginning of must first be seen to last", () => {
  const forgotten = unhealthy("web");
  const world = worldWith({
    containers: [{ ...forgotten, health: { ...forgotten.health, unhealthySince: undefined } }],
  });

  expect(verdicts(plan(world))).toEqual({ web: "wait: confirming" });
});

test("containers without a health check need nobody, and get no verdict", () => {
  expect(plan(worldWith({ containers: [container("plain")] })).verdicts).toEqual([]);
});

test("the longest unhealthy goes first, whatever the engine's order", () => {
  const containers = [unhealthy("a", { forSeconds: 100 }), unhealthy("b", { forSeconds: 300 })];

  expect(Object.keys(verdicts(plan(worldWith({ containers }))))).toEqual(["b", "a"]);
});

test("what is not running, not sick, not selected or somebody else's is left alone, each with its reason", () => {
  const ok = (name: string, status: Container["health"]["status"]) =>
    container(name, { health: { status, failingStreak: 0, log: [] } });
  const world = worldWith(
    {
      containers: [
        ok("web-healthy", "healthy"),
        ok("web-starting", "starting"),
        unhealthy("web-exited", { state: "exited" }),
        unhealthy("web-paused", { state: "paused" }),
        unhealthy("web-created", { state: "created" }),
        unhealthy("web-removing", { state: "removing" }),
        unhealthy("web-restarting", { state: "restarting" }),
        unhealthy("web-task", { swarm: { service: "s", task: "t" } }),
        unhealthy("web-pod", { kubernetes: { namespace: "n", pod: "p", container: "c" } }),
        unhealthy("web-agent"),
        unhealthy("web-rm", { autoRemove: true }),
        unhealthy("web-db", { labels: { keep: "true" } }),
        unhealthy("db"),
        unhealthy("web-sick"),
      ],
    },
    { self: ["web-agent"], guardrails: guardrailsSchema.parse({ neverTouch: { labels: ["keep=true"] } }) },
  );

  expect(verdicts(plan(world, { select: { containers: ["web-*"] } }))).toEqual({
    "web-sick": "restart: unhealthy",
    "web-healthy": "keep: healthy",
    "web-starting": "keep: starting",
    "web-exited": "keep: not-running",
    "web-paused": "keep: state",
    "web-created": "keep: state",
    "web-removing": "keep: state",
    "web-restarting": "keep: state",
    "web-task": "keep: orchestrated",
    "web-pod": "keep: orchestrated",
    "web-agent": "keep: self",
    "web-rm": "refuse: auto-remove",
    "web-db": "refuse: never-touch",
    db: "keep: not-selected",
  });
});

test("the wait grows with every try that did not help, from ten seconds to five minutes", () => {
  const triesInARow = (count: number) =>
    Array.from({ length: count }, (_, index): [number, "failed"] => [HOUR_MS * (count - index), "failed"]);
  const waits = [1, 2, 3, 5, 6, 9].map((count) => {
    const tries = triesInARow(count);
    tries[count - 1] = [0, "failed"];
    const { nextAt } = reasonFor(sick(tries)) as { nextAt?: number };
    return ((nextAt ?? 0) - NOW) / SECOND_MS;
  });

  expect(waits).toEqual([10, 20, 40, 160, 300, 300]);
});

test("the wait is over at its end, not before", () => {
  expect(reasonFor(sick([[10 * SECOND_MS - 1, "failed"]]))).toMatchObject({
    why: "backing-off",
    failures: 1,
  });
  expect(reasonFor(sick([[10 * SECOND_MS, "failed"]]))).toMatchObject({ decision: "restart", attempt: 2 });
});

test("ten healthy minutes make the wait short again, fewer do not", () => {
  const wellFor = (minutes: number) =>
    sick(
      [
        [50 * MINUTE_MS, "failed"],
        [40 * MINUTE_MS, "failed"],
        [(minutes + 2) * MINUTE_MS, "healed"],
      ],
      { forSeconds: 120 },
    );
  const sickAgain = (minutes: number) =>
    sick([
      [(minutes + 2) * MINUTE_MS, "healed"],
      [0, "failed"],
    ]);

  expect(reasonFor(wellFor(10))).toMatchObject({ decision: "restart" });
  expect(reasonFor(sickAgain(12))).toMatchObject({ why: "backing-off", failures: 1 });
  expect(reasonFor(sickAgain(3))).toMatchObject({ why: "backing-off", failures: 2 });
});

test("a try is given the time that the health check needs before it counts as failed", () => {
  // Three retries of 10 s and 5 s, and half a minute on top.
  const needed = 75 * SECOND_MS;

  expect(reasonFor(sick([[needed - 1, "pending"]]))).toMatchObject({
    decision: "wait",
    why: "verifying",
    until: NOW + 1,
  });
  expect(reasonFor(sick([[needed, "pending"]]))).toMatchObject({ decision: "restart", attempt: 2 });
});

test("the last try of a budget is awaited before people are called", () => {
  const tries = (last: "pending" | "failed") =>
    sick([
      [20 * MINUTE_MS, "failed"],
      [16 * MINUTE_MS, "failed"],
      [12 * MINUTE_MS, "failed"],
      [6 * MINUTE_MS, "failed"],
      [10 * SECOND_MS, last],
    ]);

  expect(reasonFor(tries("pending"))).toMatchObject({ decision: "wait", why: "verifying" });
  expect(reasonFor(tries("failed"))).toMatchObject({ decision: "give-up", why: "budget-used" });
});

test("when the budget is used up people take over, until the oldest try is long enough ago", () => {
  const five = (oldestMs: number) =>
    [oldestMs, 25 * MINUTE_MS, 20 * MINUTE_MS, 15 * MINUTE_MS, 10 * MINUTE_MS].map(
      (ago): [number, "failed"] => [ago, "failed"],
    );

  expect(reasonFor(sick(five(30 * MINUTE_MS - 1)))).toMatchObject({
    decision: "give-up",
    why: "budget-used",
    attempts: 5,
    perMs: 30 * MINUTE_MS,
  });
  expect(reasonFor(sick(five(30 * MINUTE_MS)))).toMatchObject({ decision: "restart", attempt: 5 });
});

test("recreating a container does not refill its budget", () => {
  const compose = { project: "shop", service: "web", number: "1" };
  const world = worldWith({ containers: [unhealthy("shop-web-1-new", { compose })] });
  const restarts = new Map([
    ["compose:shop/web/1", [{ at: NOW - HOUR_MS / 4, result: "failed", rung: "restart" } as const]],
  ]);

  expect(
    reasonFor({ ...world, ledger: { ...world.ledger, restarts } }, { budget: { restarts: 1 } }),
  ).toMatchObject({ decision: "give-up" });
});

test("the guardrails' restarts per day hold over all containers and the hours before", () => {
  const world = worldWith(
    {
      containers: [unhealthy("a", { forSeconds: 300 }), unhealthy("b", { forSeconds: 200 }), unhealthy("c")],
    },
    { guardrails: guardrailsSchema.parse({ limits: { perDay: { restarts: 7 } } }) },
  );
  const after = (restarts: number) => ({
    ...world,
    ledger: { ...world.ledger, lastDay: { ...NO_STEPS, restarts } },
  });

  expect(verdicts(plan(after(5)))).toEqual({
    a: "restart: unhealthy",
    b: "restart: unhealthy",
    c: "refuse: limit",
  });
  expect(verdicts(plan(after(9)))).toEqual({ a: "refuse: limit", b: "refuse: limit", c: "refuse: limit" });
});

test("a step relies on the container being the same one, and still sick", () => {
  const [verdict] = plan(sick([])).verdicts;

  expect(verdict?.expect).toMatchObject({
    state: "running",
    health: "unhealthy",
    startedAt: expect.any(Number),
  });
});
