import { HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { container, ended, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const plan = (containers: object, world: ReturnType<typeof worldWith>) =>
  verdicts(planPrune(pruneSpecSchema.parse({ containers: { exitedFor: "6h", ...containers } }), world));

const ENDS = worldWith({
  containers: [
    ended("fine", { hoursAgo: 10 }),
    ended("crashed", { hoursAgo: 10, exitCode: 1 }),
    ended("long-crashed", { hoursAgo: 80, exitCode: 1 }),
    // Killed for want of memory by the kernel, yet its first process ended well.
    ended("starved", { hoursAgo: 10, oomKilled: true }),
    container("made", { state: "created", createdAt: NOW - 2 * HOUR_MS }),
  ],
});

test("the remains of a failure stay longer than a finished job, and what never started has an age of its own", () => {
  expect(plan({ failedFor: "72h", neverStartedFor: "1h" }, ENDS)).toEqual({
    fine: "remove: exited",
    "long-crashed": "remove: failed",
    made: "remove: never-started",
    crashed: "keep: ended-recently",
    starved: "keep: ended-recently",
  });
});

test("where only one age is named, it holds for every end", () => {
  expect(plan({}, ENDS)).toEqual({
    fine: "remove: exited",
    "long-crashed": "remove: failed",
    crashed: "remove: failed",
    starved: "remove: failed",
    made: "keep: ended-recently",
  });
});

test("a rule that names exit codes is about containers that ended with one of them", () => {
  expect(plan({ exitCodes: [0] }, ENDS)).toEqual({
    fine: "remove: exited",
    starved: "remove: failed",
    "long-crashed": "keep: exit-code",
    crashed: "keep: exit-code",
    made: "keep: exit-code",
  });
});

test("an exception by label spares a container", () => {
  const labelled = (tier: string) => ended(tier, { labels: { tier } });
  const world = worldWith({ containers: [labelled("gold"), labelled("tin"), ended("plain")] });

  expect(plan({ exceptLabels: { tier: "g*" } }, world)).toEqual({
    tin: "remove: exited",
    plain: "remove: exited",
    gold: "keep: excepted",
  });
});

test("a stopped service goes only where policy and guardrails both say so", () => {
  const containers = [
    ended("db", { restartPolicy: { name: "always", maximumRetries: 0 } }),
    ended("web", { compose: { project: "shop", service: "web", number: "1" } }),
  ];
  const allowed = guardrailsSchema.parse({ allow: { stoppedServices: true } });
  const asked = { includeStoppedServices: true };

  expect(plan({}, worldWith({ containers }, { guardrails: allowed }))).toEqual({
    db: "keep: stopped-service",
    web: "keep: stopped-service",
  });
  expect(plan(asked, worldWith({ containers }))).toEqual({
    db: "refuse: not-allowed",
    web: "refuse: not-allowed",
  });
  expect(plan(asked, worldWith({ containers }, { guardrails: allowed }))).toEqual({
    db: "remove: exited",
    web: "remove: exited",
  });
});
