import { days, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { roundIdSchema } from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { compileBundle, parsePolicy, planRound, type RoundQuestion } from "../index.ts";
import { guardrailsSchema } from "../guardrails.ts";
import type { Rule } from "../language/policy.ts";
import { ended, image, NOW, unhealthy, worldWith } from "../testing/world.ts";

const ROUND_ID = roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa");

/** The bundle of policies whose rules are given as YAML lists; each selects production hosts in other words. */
function bundleOf(...rules: string[]) {
  const files = rules.map((text, index) => ({
    file: `p${index}`,
    text: `policy: p${index}\nhosts: { environment: "production${"*".repeat(index)}" }\nrules: ${text}`,
  }));
  const { policies, problems } = parsePolicy(files, { now: NOW });
  expect(problems).toEqual([]);
  return compileBundle(policies, { revision: 14, issuedAt: NOW - days(30), expiresAt: NOW + days(60) });
}

const PRUNE = "[{ prune: cache, mode: enforce, schedule: '0 2 * * *', images: { unusedFor: 14d } }]";
const oldImage = worldWith({ images: [image("web:1")] });

function round(question: Partial<RoundQuestion> & Pick<RoundQuestion, "bundle">) {
  return planRound({
    world: oldImage,
    lastRuns: new Map(),
    roundId: ROUND_ID,
    stopFilePresent: false,
    trigger: "scheduled",
    ...question,
  });
}

/** Rule → its mode and decisions, or why it waits. */
function summary({ planned, waiting }: ReturnType<typeof planRound>): Record<string, string> {
  return Object.fromEntries([
    ...planned.map(({ policy, rule, mode, verdicts }) => [
      `${policy}/${rule}`,
      `${mode}: ${verdicts.map(({ target, decision }) => `${decision} ${target.name}`).join(", ")}`,
    ]),
    ...waiting.map(({ policy, rule, why }) => [`${policy}/${rule}`, why]),
  ]);
}

test("a due rule is planned, and one that ran this night waits and says for when", () => {
  const bundle = bundleOf(PRUNE);
  const lastRuns = new Map([["p0/cache", NOW]]);

  expect(summary(round({ bundle }))).toEqual({ "p0/cache": "enforce: remove web:1" });
  expect(summary(round({ bundle, lastRuns }))).toEqual({
    "p0/cache": expect.stringMatching(/^due 2030-02-01 02:0[0-5]Z$/),
  });
});

test("somebody may ask for a rule before its time, and gets what the policy says and no more", () => {
  const bundle = bundleOf(PRUNE.replace("enforce", "observe"));

  expect(
    summary(round({ bundle, lastRuns: new Map([["p0/cache", NOW]]), runNow: new Set(["p0/cache"]) })),
  ).toEqual({
    "p0/cache": "observe: remove web:1",
  });
});

test("a policy that does not select the host has no part in its round", () => {
  const world = { ...oldImage, hostLabels: { environment: "test" } };

  expect(round({ bundle: bundleOf(PRUNE), world })).toMatchObject({ planned: [], waiting: [] });
});

test("an expired bundle, a stop file and broken guardrails leave observing", () => {
  const bundle = bundleOf(PRUNE);
  const held = (change: Partial<RoundQuestion>) => {
    const [rule] = round({ bundle, ...change }).planned;
    return [rule?.mode, rule?.heldBackBy];
  };

  expect(held({})).toEqual(["enforce", undefined]);
  expect(held({ stopFilePresent: true })).toEqual(["observe", "stop file /etc/shipkeeper/STOP"]);
  expect(held({ bundle: { ...bundle, expiresAt: NOW } })).toEqual([
    "observe",
    "policy expired 2030-01-31 02:00Z",
  ]);
  expect(held({ guardrailsProblem: "guardrails.yaml:1:1: unknown key" })).toEqual([
    "observe",
    "guardrails cannot be used: guardrails.yaml:1:1: unknown key",
  ]);
});

test("a rule waits for its windows, also where somebody asks for it", () => {
  const rule = PRUNE.replace("images:", "windows: [{ from: '03:00', to: '05:00' }], images:");
  const runNow = new Set(["p0/cache"]);
  const at = (now: number) => ({ bundle: bundleOf(rule), world: { ...oldImage, now } });

  expect(summary(round(at(NOW + 6 * MINUTE_MS)))).toEqual({ "p0/cache": "window opens 2030-01-31 03:00Z" });
  expect(summary(round({ ...at(NOW), runNow }))).toEqual({ "p0/cache": "window opens 2030-01-31 03:00Z" });
  // Not every host at the window's first moment.
  expect(summary(round(at(NOW + HOUR_MS)))["p0/cache"]).toMatch(/^due 2030-01-31 03:0[0-4]Z$/);
  expect(summary(round(at(NOW + HOUR_MS + 5 * MINUTE_MS)))).toEqual({ "p0/cache": "enforce: remove web:1" });
  expect(summary(round(at(NOW + 4 * HOUR_MS)))).toEqual({ "p0/cache": "window opens 2030-02-01 03:00Z" });
});

test("the policy's windows hold for all scheduled rules that name none, and do not keep a container from being healed", () => {
  const text = `
policy: p
hosts: { environment: production }
mode: enforce
windows: [{ from: "03:00", to: "05:00" }]
rules:
  - prune: waits
    every: 1h
    images: { unusedFor: 14d }
  - prune: never-waits
    every: 1h
    windows: [{}]
    containers: { exitedFor: 1h }
  - restart: sick
`;
  const { policies, problems } = parsePolicy([{ file: "p", text }], { now: NOW });
  expect(problems).toEqual([]);
  const bundle = compileBundle(policies, {
    revision: 1,
    issuedAt: NOW - days(30),
    expiresAt: NOW + days(60),
  });
  const world = worldWith({ containers: [unhealthy("api"), ended("job")] });

  expect(summary(round({ bundle, world }))).toEqual({
    "p/waits": "window opens 2030-01-31 03:00Z",
    "p/never-waits": "enforce: remove job",
  });
  expect(summary(round({ bundle, world, trigger: "continuous" }))).toEqual({
    "p/sick": "enforce: restart api",
  });
});

test("outside the host's windows nothing is destroyed: what is due waits, what was asked for only looks", () => {
  const backup = "[{ backup: data, mode: enforce, every: 1h, select: { volumes: ['*'] }, to: [local] }]";
  const watch = PRUNE.replace("enforce", "observe");
  const guardrails = guardrailsSchema.parse({ windows: [{ from: "03:00", to: "05:00" }] });
  const world = worldWith({ images: [image("web:1")], volumes: [plainVolume("data")] }, { guardrails });
  const bundle = bundleOf(PRUNE, backup, watch);
  const asked = round({ bundle, world, runNow: new Set(["p0/cache"]) });

  expect(summary(round({ bundle, world }))).toEqual({
    "p0/cache": "outside the host's windows, opens 2030-01-31 03:00Z",
    "p1/data": "enforce: back-up volume:data",
    "p1/data/verify": "enforce: keep local",
    "p1/data/retain": "outside the host's windows, opens 2030-01-31 03:00Z",
    "p2/cache": "observe: remove web:1",
  });
  expect(asked.planned[0]).toMatchObject({
    mode: "observe",
    heldBackBy: "outside the host's windows, opens 2030-01-31 03:00Z",
  });
});

test("a rule that only observes is not held back by anything", () => {
  const [rule] = round({
    bundle: bundleOf(PRUNE.replace("enforce", "observe")),
    stopFilePresent: true,
  }).planned;

  expect(rule).toMatchObject({ mode: "observe" });
  expect(rule?.heldBackBy).toBeUndefined();
});

test("scheduled and continuous rules have rounds of their own", () => {
  const bundle = bundleOf(PRUNE, "[{ restart: sick, mode: enforce }]");
  const world = worldWith({ images: [image("web:1")], containers: [unhealthy("api")] });

  expect(summary(round({ bundle, world }))).toEqual({ "p0/cache": "enforce: remove web:1" });
  expect(summary(round({ bundle, world, trigger: "continuous" }))).toEqual({
    "p1/sick": "enforce: restart api",
  });
});

test("a kind or a key of a newer language makes its rule wait, and no other", () => {
  const bundle = bundleOf(PRUNE);
  const [policy] = bundle.policies;
  const newer: Rule[] = [
    { kind: "defrost", name: "later", mode: "enforce", schedule: { everyMs: HOUR_MS }, spec: {} },
    {
      kind: "prune",
      name: "mars",
      mode: "enforce",
      schedule: { cron: "0 3 * * *", timezone: "Mars/Base" },
      spec: {},
    },
    { kind: "prune", name: "odd", mode: "enforce", schedule: { everyMs: HOUR_MS }, spec: { ghosts: {} } },
  ];
  const policies = policy === undefined ? [] : [{ ...policy, rules: [...newer, ...policy.rules] }];

  expect(summary(round({ bundle: { ...bundle, policies } }))).toEqual({
    "p0/later": expect.stringContaining("this agent knows no action defrost, only prune, backup, "),
    "p0/mars": "this agent cannot read its schedule",
    "p0/odd": expect.stringContaining("this agent cannot read the rule: Unrecognized key"),
    "p0/cache": "enforce: remove web:1",
  });
});

test("what one rule takes no later rule plans again; a rule that only observes takes nothing", () => {
  const watch = PRUNE.replace("enforce", "observe");
  const { planned } = round({ bundle: bundleOf(watch, PRUNE, PRUNE) });

  expect(planned.map(({ verdicts: [verdict] }) => [verdict?.decision, verdict?.reason.why])).toEqual([
    ["remove", "unused"],
    ["remove", "unused"],
    ["wait", "taken-by-rule"],
  ]);
});

test("the limits per day hold for all rules of a round together", () => {
  const job = "[{ prune: jobs, mode: enforce, every: 1h, containers: { exitedFor: 1h } }]";
  const other =
    "[{ prune: more-jobs, mode: enforce, every: 1h, containers: { exitedFor: 1h, except: [a] } }]";
  const world = worldWith(
    { containers: [ended("a", { hoursAgo: 9 }), ended("b", { hoursAgo: 8 })] },
    {
      guardrails: guardrailsSchema.parse({
        limits: { perRun: { containers: 1 }, perDay: { containers: 1 } },
      }),
    },
  );

  expect(summary(round({ bundle: bundleOf(job, other), world }))).toEqual({
    "p0/jobs": "enforce: remove a, wait b",
    "p1/more-jobs": "enforce: keep a, wait b",
  });
});

test("a rule that was pushed at noon does not run at noon", () => {
  const bundle = { ...bundleOf(PRUNE), issuedAt: NOW + 10 * HOUR_MS };
  const world = { ...oldImage, now: NOW + 10 * HOUR_MS + MINUTE_MS };

  expect(summary(round({ bundle, world }))["p0/cache"]).toMatch(/^due 2030-02-01 02:0/);
});
