import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { NO_STEPS } from "../../round/step-counts.ts";
import { plan, RULE, runs, told } from "../../testing/expiring.ts";
import { verdicts, worldWith } from "../../testing/world.ts";
import { planExpire } from "./plan.ts";
import { expireSpecSchema } from "./spec.ts";

test("limits hold for what is stopped and removed, the oldest first; announcements cost nothing", () => {
  const due = [runs("a", 50), runs("b", 45), runs("c", 40)];
  const untold = [runs("d", 41), runs("e", 42)];
  const expiries = due.map((one) => told(one));

  expect(verdicts(plan({ limits: { items: 1 } }, [...due, ...untold], {}, expiries))).toEqual({
    e: "announce: ends-soon",
    d: "announce: ends-soon",
    a: "stop: expired",
    b: "wait: limit",
    c: "wait: limit",
  });
});

test("of a compose project one container goes at a time, of two projects one each", () => {
  const of = (project: string, name: string) =>
    runs(name, 40, { compose: { project, service: name, number: "1" } });
  const due = [of("shop", "web"), of("shop", "api"), of("blog", "cms")];

  const planned = plan(
    { include: ["compose"] },
    due,
    {},
    due.map((one) => told(one)),
  );

  expect(planned.verdicts.filter(({ decision }) => decision === "stop")).toHaveLength(2);
  expect(planned.verdicts.filter(({ decision }) => decision === "wait")).toMatchObject([
    { reason: { why: "limit", limit: "limits.perProject", most: 1 } },
  ]);
});

test("what the rule stopped and removed within a day counts against its limit of the day", () => {
  const due = [runs("a", 50), runs("b", 45)];
  const world = worldWith({ containers: due });
  const ruleDays = new Map([[RULE, { items: 3, bytes: 0 }]]);
  const ledger = { ...world.ledger, ruleDays, expiries: due.map((one) => told(one)) };
  const spec = expireSpecSchema.parse({ all: true, olderThan: "30d", limits: { perDay: { items: 4 } } });

  const planned = planExpire(spec, { ...world, ledger }, RULE);

  expect(verdicts(planned)).toEqual({ a: "stop: expired", b: "wait: limit" });
  expect(planned.verdicts[1]?.reason).toMatchObject({ limit: "limits.perDay.items", most: 1 });
});

test.each([
  ["perRun", "guardrails limits.perRun.containers", {}],
  ["perDay", "guardrails limits.perDay.containers", { lastDay: { ...NO_STEPS, containers: 2 } }],
])("the guardrails' limits %s hold for stops", (span, limit, memory) => {
  const guardrails = guardrailsSchema.parse({
    limits: { [span]: { containers: span === "perDay" ? 3 : 1 } },
  });
  const due = [runs("a", 50), runs("b", 45)];
  const world = worldWith({ containers: due }, { guardrails });
  const ledger = { ...world.ledger, ...memory, expiries: due.map((one) => told(one)) };
  const spec = expireSpecSchema.parse({ all: true, olderThan: "30d" });

  const planned = planExpire(spec, { ...world, ledger }, RULE);

  expect(verdicts(planned)).toEqual({ a: "stop: expired", b: "wait: limit" });
  expect(planned.verdicts[1]?.reason).toMatchObject({ limit });
});
