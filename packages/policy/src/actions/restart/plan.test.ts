import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { NO_STEPS } from "../../round/step-counts.ts";
import {
  bystanders,
  firstVerdict,
  planHealing,
  sick,
  tries,
  withTries,
  type Try,
} from "../../testing/healing.ts";
import { container, NOW, unhealthy, verdicts, worldWith } from "../../testing/world.ts";

test("a container is healed when it was unhealthy without a break for long enough", () => {
  const forSeconds = (seconds: number, spec = {}) => firstVerdict(sick([], { forSeconds: seconds }), spec);

  expect(forSeconds(59)).toMatchObject({ decision: "wait", why: "confirming" });
  expect(forSeconds(60)).toEqual({
    decision: "restart",
    why: "unhealthy",
    sign: "unhealthy",
    since: NOW - 60_000,
    evidence: "unhealthy for 1 minute (limit 1 minute)",
    attempt: 1,
    attempts: 5,
    later: false,
    stopTimeoutSeconds: 10,
  });
  expect(forSeconds(60, { after: "2m" })).toMatchObject({
    why: "confirming",
    evidence: "unhealthy for 1 minute (limit 2 minutes)",
  });
});

test("a rule without patience heals at the first sight of it", () => {
  expect(firstVerdict(sick([], { forSeconds: 0 }), { after: "0s" })).toMatchObject({ decision: "restart" });
});

test("an illness that nobody remembers the beginning of must first be seen to last", () => {
  const forgotten = unhealthy("web");
  const world = worldWith({
    containers: [{ ...forgotten, health: { ...forgotten.health, unhealthySince: undefined } }],
  });

  expect(verdicts(planHealing(world))).toEqual({ web: "wait: confirming" });
});

test("containers that nobody watches and that show no sign get no verdict", () => {
  expect(planHealing(worldWith({ containers: [container("plain")] })).verdicts).toEqual([]);
});

test("the longest sick goes first, but what was tried before lets others go before it", () => {
  const containers = [
    unhealthy("a", { forSeconds: 10_000 }),
    unhealthy("b", { forSeconds: 100 }),
    unhealthy("c", { forSeconds: 300 }),
    ...bystanders(),
  ];
  const world = withTries(worldWith({ containers }), { a: tries([2 * MINUTE_MS, "failed"]) });

  const steps = planHealing(world, { storm: { least: 10 }, perHost: { restarts: 9 } }).verdicts.slice(0, 3);
  expect(steps.map(({ target, decision }) => `${decision} ${target.name}`)).toEqual([
    "restart c",
    "restart b",
    "kill a",
  ]);
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

  const plan = planHealing(world, { select: { containers: ["web-*"] }, storm: { least: 20 } });
  expect(verdicts(plan)).toEqual({
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
  expect(plan.verdicts.find(({ target }) => target.name === "db")?.reason).toMatchObject({
    sign: "unhealthy",
    since: NOW - 90_000,
  });
});

test("the wait grows with every try that did not help, from ten seconds to five minutes", () => {
  const waits = [1, 2, 3, 5, 6, 9].map((count) => {
    const told = Array.from({ length: count }, (_, index): Try => [
      30 * MINUTE_MS * (count - 1 - index),
      "failed",
    ]);
    const { nextAt } = firstVerdict(sick(told), { budget: { restarts: 100 } }) as {
      nextAt?: number;
    };
    return ((nextAt ?? 0) - NOW) / SECOND_MS;
  });

  expect(waits).toEqual([10, 20, 40, 160, 300, 300]);
});

test("the wait is over at its end, not before", () => {
  expect(firstVerdict(sick([[10 * SECOND_MS - 1, "failed"]]))).toMatchObject({
    decision: "wait",
    why: "backing-off",
    failures: 1,
  });
  expect(firstVerdict(sick([[10 * SECOND_MS, "failed"]]))).toMatchObject({ decision: "kill", attempt: 2 });
});

test("a try is given the time that the health check needs before it counts as failed", () => {
  // Three retries of 10 s and 5 s, and half a minute on top.
  const needed = 75 * SECOND_MS;

  expect(firstVerdict(sick([[needed - 1, "pending"]]))).toMatchObject({
    decision: "wait",
    why: "verifying",
    until: NOW + 1,
  });
  expect(firstVerdict(sick([[needed, "pending"]]))).toMatchObject({ decision: "kill", attempt: 2 });
});

test("a container that starts anew after a try is still the sick one until its check has answered", () => {
  const starting = (told: Try[]) =>
    sick(told, {
      startedAt: NOW - 5_000,
      health: { status: "starting", failingStreak: 0, unhealthySince: NOW - 90_000, log: [] },
    });

  expect(firstVerdict(starting([[6_000, "pending"]]))).toMatchObject({
    decision: "wait",
    why: "verifying",
    sign: "unhealthy",
    since: NOW - 90_000,
  });
  expect(firstVerdict(starting([]))).toMatchObject({ decision: "keep", why: "starting", sign: "unhealthy" });
});

test("the last try of a budget is awaited before people are called", () => {
  const used = (last: "pending" | "failed") =>
    sick([
      [20 * MINUTE_MS, "failed"],
      [16 * MINUTE_MS, "failed"],
      [12 * MINUTE_MS, "failed"],
      [6 * MINUTE_MS, "failed"],
      [10 * SECOND_MS, last],
    ]);

  expect(firstVerdict(used("pending"))).toMatchObject({ decision: "wait", why: "verifying" });
  expect(firstVerdict(used("failed"))).toMatchObject({
    decision: "give-up",
    why: "budget-used",
    attempts: 5,
    perMs: 30 * MINUTE_MS,
  });
});

test("recreating a container does not refill its budget", () => {
  const compose = { project: "shop", service: "web", number: "1" };
  const world = worldWith({
    containers: [
      unhealthy("shop-web-1-new", { compose, createdAt: NOW - 100_000, startedAt: NOW - 100_000 }),
    ],
  });
  const restarts = new Map([["compose:shop/web/1", tries([15 * MINUTE_MS, "failed"])]]);

  expect(
    firstVerdict({ ...world, ledger: { ...world.ledger, restarts } }, { budget: { restarts: 1 } }),
  ).toMatchObject({ decision: "give-up" });
});

test("the guardrails' restarts per day hold over all containers and the hours before", () => {
  const world = worldWith(
    {
      containers: [unhealthy("a", { forSeconds: 300 }), unhealthy("b", { forSeconds: 200 }), unhealthy("c")],
    },
    { guardrails: guardrailsSchema.parse({ limits: { perDay: { restarts: 7 } } }) },
  );
  const after = (restarts: number) =>
    verdicts(
      planHealing(
        { ...world, ledger: { ...world.ledger, lastDay: { ...NO_STEPS, restarts } } },
        { storm: { least: 9 } },
      ),
    );

  expect(after(5)).toEqual({ a: "restart: unhealthy", b: "restart: unhealthy", c: "refuse: limit" });
  expect(after(9)).toEqual({ a: "refuse: limit", b: "refuse: limit", c: "refuse: limit" });
});

test("a step relies on the container being the same one, and still unhealthy where that is the sign", () => {
  const [verdict] = planHealing(sick([])).verdicts;

  expect(verdict?.expect).toMatchObject({
    state: "running",
    health: "unhealthy",
    startedAt: expect.any(Number),
  });
});
