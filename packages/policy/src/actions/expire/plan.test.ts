import { days, HOUR_MS } from "@shipkeeper/kit";
import type { Container, Image } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { parsePolicy } from "../../language/parse-policy.ts";
import { plan, RULE, runs, stoppedAs, told } from "../../testing/expiring.ts";
import { container, ended, image, imageId, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planExpire } from "./plan.ts";
import { expireSpecSchema } from "./spec.ts";

test("first it is told, then waited for, then stopped; the young are left alone", () => {
  const [young, nearing, waiting, due] = [
    runs("young", 20),
    runs("nearing", 28),
    runs("waiting", 31),
    runs("due", 33),
  ];

  const planned = plan({}, [young, nearing, waiting, due], {}, [
    told(waiting, { daysAgo: 1, endedDaysAgo: -2 }),
    told(due),
  ]);

  expect(verdicts(planned)).toEqual({
    nearing: "announce: ends-soon",
    due: "stop: expired",
    waiting: "wait: announced",
    young: "keep: young",
  });
  expect(planned.verdicts[0]?.reason).toMatchObject({ endsAt: NOW + days(3), bornAt: NOW - days(28) });
});

test("what is found over age is announced for the whole notice before it ends", () => {
  const [verdict] = plan({ announce: "3d" }, [runs("forgotten", 400)]).verdicts;

  expect(verdict).toMatchObject({ decision: "announce", reason: { endsAt: NOW + days(3) } });
});

test("the notice counts from the announcement, also where the told end was sooner", () => {
  const old = runs("old", 400);

  expect(verdicts(plan({ announce: "5d" }, [old], {}, [told(old)]))).toEqual({ old: "wait: announced" });
});

test("a policy that became stricter stops nothing before the end that was told", () => {
  const old = runs("old", 29);

  const planned = plan({ olderThan: "20d" }, [old], {}, [told(old, { endedDaysAgo: -1 })]);

  expect(planned.verdicts[0]?.reason).toMatchObject({ why: "announced", endsAt: NOW + days(1) });
});

test("what another rule announced, or what was announced of an earlier start, is announced again", () => {
  const [other, restarted] = [runs("other", 40), runs("restarted", 40)];

  const planned = plan({}, [other, restarted], {}, [
    told(other, { rule: "production/another" }),
    told(restarted, { bornAt: NOW - days(90) }),
  ]);

  expect(verdicts(planned)).toEqual({ other: "announce: ends-soon", restarted: "announce: ends-soon" });
});

test("the age of the container goes on through its restarts where the rule says so", () => {
  const restarted = runs("nightly", 1, { createdAt: NOW - days(31) });
  const told31 = told(restarted, { bornAt: NOW - days(31) });

  expect(verdicts(plan({ since: "started" }, [restarted]))).toEqual({ nightly: "keep: young" });
  expect(verdicts(plan({ since: "created" }, [restarted], {}, [told31]))).toEqual({
    nightly: "stop: expired",
  });
});

test("grace lets it run on for a while when its end has come", () => {
  const due = runs("due", 33);
  const justNow = told(due, { endsAt: NOW - HOUR_MS / 2 });

  expect(plan({ grace: "1h" }, [due], {}, [justNow]).verdicts[0]).toMatchObject({
    decision: "wait",
    reason: { why: "grace", toldEnd: NOW - HOUR_MS / 2, endsAt: NOW + HOUR_MS / 2 },
  });
  expect(verdicts(plan({}, [due], {}, [justNow]))).toEqual({ due: "stop: expired" });
});

test("only what this rule stopped, and nobody started since, is removed, and not before its time", () => {
  const [fresh, old, strange, again] = [
    ended("fresh", { hoursAgo: 24 }),
    ended("old", { hoursAgo: 24 * 8 }),
    ended("strange", { hoursAgo: 24 * 8 }),
    ended("again", { hoursAgo: 24 * 8 }),
  ];
  const stopped = (one: Container) => told(one, { stopped: stoppedAs(one) });
  const expiries = [
    stopped(fresh),
    stopped(old),
    told(strange),
    told(again, { stopped: { at: NOW - days(8), finishedAt: NOW - days(20) } }),
  ];
  const all = [fresh, old, strange, again];

  expect(verdicts(plan({ removeAfter: "7d" }, all, {}, expiries))).toEqual({
    fresh: "keep: kept-stopped",
    old: "remove: kept-long-enough",
    strange: "keep: not-running",
    again: "keep: not-running",
  });
  expect(verdicts(plan({}, [old], {}, expiries))).toEqual({ old: "keep: kept-stopped" });
});

test("what somebody started again after its end is left, and announced anew", () => {
  const since = { startedAt: NOW - days(1), createdAt: NOW - days(40) };
  const wanted = container("wanted", since);
  const expiries = [
    told(wanted, { bornAt: since.createdAt, stopped: { at: NOW, finishedAt: NOW - days(2) } }),
  ];

  expect(verdicts(plan({ since: "started" }, [wanted], {}, expiries))).toEqual({ wanted: "keep: young" });
  expect(verdicts(plan({ since: "created" }, [wanted], {}, expiries))).toEqual({
    wanted: "announce: ends-soon",
  });
});

test("everything that nobody may stop by its age is left, with what or who has the say", () => {
  const lender = runs("lender", 40);
  const { privileges } = lender;
  const world = {
    self: ["agent"],
    guardrails: guardrailsSchema.parse({ neverTouch: { containers: ["vip-*"] } }),
  };

  const planned = plan(
    {},
    [
      runs("vip-1", 40),
      runs("agent", 40),
      runs("paused", 40, { state: "paused" }),
      runs("made", 40, { state: "created" }),
      ended("over"),
      runs("in-swarm", 40, { swarm: { service: "s", task: "t" } }),
      runs("in-pod", 40, { kubernetes: { namespace: "n", pod: "p", container: "c" } }),
      runs("in-stack", 40, { compose: { project: "shop", service: "web", number: "1" } }),
      runs("throw-away", 40, { autoRemove: true }),
      runs("main-db", 40, { image: "postgres:15" }),
      runs("comes-back", 40, { restartPolicy: { name: "always", maximumRetries: 0 } }),
      lender,
      runs("sidecar", 1, { privileges: { ...privileges, networkMode: `container:${lender.id}` } }),
      container("ageless", { startedAt: undefined }),
      runs("fine", 40, { restartPolicy: { name: "unless-stopped", maximumRetries: 0 } }),
    ],
    world,
  );

  expect(verdicts(planned)).toEqual({
    fine: "announce: ends-soon",
    "vip-1": "refuse: never-touch",
    agent: "keep: self",
    paused: "keep: state",
    made: "keep: state",
    over: "keep: not-running",
    "in-swarm": "refuse: orchestrated",
    "in-pod": "refuse: orchestrated",
    "in-stack": "refuse: orchestrated",
    "throw-away": "refuse: auto-remove",
    "main-db": "refuse: database",
    "comes-back": "refuse: restart-always",
    lender: "refuse: guest",
    sidecar: "keep: young",
    ageless: "keep: age-unknown",
  });
  const byName = new Map(planned.verdicts.map(({ target, reason }) => [target.name, reason]));
  expect(byName.get("in-stack")).toMatchObject({ by: "compose project shop" });
});

test("nothing at all happens while a list could not be read", () => {
  const world = worldWith({ containers: [runs("old", 40)], gaps: [{ section: "images", error: "timeout" }] });
  const spec = expireSpecSchema.parse({ all: true, olderThan: "30d" });

  expect(verdicts(planExpire(spec, world, RULE))).toEqual({ old: "refuse: inventory-incomplete" });
});

const DATABASES: [how: string, facts: Partial<Container>, image?: Partial<Image>][] = [
  ["image bitnami/postgresql:15", { image: "bitnami/postgresql:15" }],
  ["image quay.io/acme/redis-ha@sha256:1", { image: "quay.io/acme/redis-ha@sha256:1" }],
  ["image mariadb:11", { image: imageId("any") }, { tags: ["mariadb:11"] }],
  ["its program mysqld", { image: "acme/ledger:1", command: ["docker-entrypoint.sh", "mysqld"] }],
  [
    "its data in /var/lib/postgresql/data",
    {
      image: "acme/store:1",
      mounts: [
        { type: "volume", volume: "v", source: "", destination: "/var/lib/postgresql/data", readOnly: false },
      ],
    },
  ],
];

test.each(DATABASES)("%s makes a database", (by, facts, tagged) => {
  const one = runs("one", 40, { imageId: imageId("any"), ...facts });
  const spec = expireSpecSchema.parse({ all: true, olderThan: "30d" });
  const world = worldWith({ containers: [one], images: [image("any", tagged)] });

  expect(planExpire(spec, world, RULE).verdicts[0]?.reason).toEqual({ why: "database", by });
});

test("a database is meant where the rule includes them or gives its full name, never by a pattern", () => {
  const one = [runs("pg-1", 40, { image: "postgres:15" })];

  expect(verdicts(plan({ include: ["databases"] }, one))).toEqual({ "pg-1": "announce: ends-soon" });
  expect(verdicts(plan({ select: { containers: ["pg-1"] } }, one))).toEqual({
    "pg-1": "announce: ends-soon",
  });
  expect(verdicts(plan({ select: { containers: ["pg-*"] } }, one))).toEqual({ "pg-1": "refuse: database" });
});

test("swarm and Kubernetes keep what is theirs, whatever the rule names; compose gives way", () => {
  const select = { containers: ["swarmed", "composed"] };

  const planned = plan({ select, include: ["compose", "databases", "restart-always"] }, [
    runs("swarmed", 40, { swarm: { service: "s", task: "t" } }),
    runs("composed", 40, { compose: { project: "shop", service: "web", number: "1" } }),
  ]);

  expect(verdicts(planned)).toEqual({ composed: "announce: ends-soon", swarmed: "refuse: orchestrated" });
});

test("a rule is about what it selects: names, labels and owners, all that are given", () => {
  const all = [
    runs("batch-1", 40, { labels: { tier: "batch" }, owner: "payments" }),
    runs("batch-2", 40, { labels: { tier: "batch" } }),
    runs("web", 40, { owner: "payments" }),
  ];
  const announced = (select: object) =>
    plan({ select }, all)
      .verdicts.filter(({ decision }) => decision === "announce")
      .map(({ target }) => target.name)
      .sort();

  expect(announced({ containers: ["batch-*"] })).toEqual(["batch-1", "batch-2"]);
  expect(announced({ labels: { tier: "batch" } })).toEqual(["batch-1", "batch-2"]);
  expect(announced({ owners: ["*"] })).toEqual(["batch-1", "web"]);
  expect(announced({ labels: { tier: "batch" }, owners: ["payments"] })).toEqual(["batch-1"]);
});

test("a label opts in where the rule takes it, and asks for less than the policy, never for more", () => {
  const labelled = (name: string, text: string) => runs(name, 2, { labels: { "shipkeeper.expire": text } });
  const all = [
    labelled("short", "1d"),
    labelled("long", "900d"),
    labelled("typo", "tomorrow"),
    runs("plain", 400),
  ];

  expect(verdicts(plan({ all: false, optIn: true, announce: "1h" }, all))).toEqual({
    short: "announce: ends-soon",
    long: "keep: young",
    typo: "keep: label-unreadable",
    plain: "keep: not-selected",
  });
  expect(
    plan({ all: false, optIn: true }, all).verdicts.find(({ target }) => target.name === "long")?.reason,
  ).toMatchObject({
    limitMs: days(30),
  });
  expect(verdicts(plan({ announce: "1h" }, all))).toEqual({
    plain: "announce: ends-soon",
    short: "announce: ends-soon",
    long: "keep: young",
    typo: "keep: young",
  });
});

test("an exception of the policy keeps a container, whatever was told of it", () => {
  const due = runs("ledger-1", 50);
  const exceptions = [
    { match: { container: "ledger-*" }, reason: "year-end closing", owner: "payments", until: NOW + days(9) },
  ];

  const planned = plan({}, [due], { exceptions }, [told(due)]);

  expect(verdicts(planned)).toEqual({ "ledger-1": "keep: exception" });
});

test("a rule that names no schedule looks every hour", () => {
  const text = `
policy: p
hosts: { environment: production }
rules: [{ expire: old, all: true, olderThan: 30d }]`;

  const { policies } = parsePolicy([{ file: "p", text }], { now: NOW });

  expect(policies[0]?.rules[0]?.schedule).toEqual({ everyMs: HOUR_MS });
});

test.each([
  [{ olderThan: "30d" }, "selects nothing: it needs `select`, `optIn: true` or `all: true`"],
  [
    { olderThan: "30d", select: {} },
    "selects nothing: it needs `containers`, `labels`, `owners` or several of them",
  ],
  [
    { olderThan: "30d", select: { owners: ["a"] }, all: true },
    "`all: true` leaves nothing to select: leave out one of the two",
  ],
])("%j is no rule", (keys, message) => {
  const { error } = expireSpecSchema.safeParse(keys);

  expect(error?.issues.map((issue) => issue.message)).toContain(message);
});
