import { expect, test } from "vitest";
import { formatProblem, parsePolicy } from "../index.ts";
import { NOW } from "../testing/world.ts";

const GOOD = `
policy: production
hosts: { environment: production }
owners:
  labels: [com.acme.owner]
  map:
    payments: { match: ["acme/pay-*"], mail: payments@acme.example, chat: "#payments" }
rules:
  - prune: host-cache
    mode: enforce
    schedule: "0 3 * * *"
    timezone: Europe/Vienna
    images: { unusedFor: 14d, keepNewest: 2, except: ["registry.acme.example/base/*"] }
    containers: { exitedFor: 72h }
    limits: { items: 50, bytes: 100GB }
  - backup: databases
    select: { volumes: ["*-pgdata"] }
    rpo: 30m
    to: [local, offsite]
    keep: { within: 30d }
  - restart: unhealthy
    after: 30s
    budget: { restarts: 3 }
`;

test("a policy is compiled with every default written out in the language's own words", () => {
  const { policies, problems } = parsePolicy([{ file: "production.yaml", text: GOOD }], { now: NOW });

  expect(problems).toEqual([]);
  expect(policies).toEqual([
    {
      name: "production",
      hosts: { environment: "production" },
      owners: {
        labels: ["com.acme.owner"],
        map: { payments: { match: ["acme/pay-*"], mail: "payments@acme.example", chat: "#payments" } },
      },
      exceptions: [],
      checks: [
        { check: "uncovered", severity: "high", limit: true },
        { check: "rpo-broken", severity: "high", limit: true },
        { check: "unverified", severity: "medium", limit: true },
        { check: "undrilled", severity: "medium", limit: true },
      ],
      waivers: [],
      rules: [
        {
          kind: "prune",
          name: "host-cache",
          mode: "enforce",
          schedule: { cron: "0 3 * * *", timezone: "Europe/Vienna" },
          spec: {
            images: {
              unusedFor: "14d",
              keepNewest: 2,
              keepRollback: { generations: 2, within: "14d" },
              except: ["registry.acme.example/base/*"],
              exceptLabels: {},
              dangling: true,
            },
            containers: { exitedFor: "3d", includeStoppedServices: false, except: [], exceptLabels: {} },
            limits: { items: 50, bytes: "100GB", share: "50%", perDay: {} },
          },
        },
        {
          kind: "backup",
          name: "databases",
          mode: "observe",
          schedule: { everyMs: 900_000 },
          spec: {
            select: { volumes: ["*-pgdata"] },
            to: ["local", "offsite"],
            consistency: "none",
            maxQuiesce: "10m",
            keep: { within: "30d", daily: 0, weekly: 0, monthly: 0, yearly: 0 },
            verify: { structure: "1d", read: "30d", sample: "1d" },
            rpo: "30m",
          },
        },
        {
          kind: "verify",
          name: "databases/verify",
          mode: "observe",
          schedule: { everyMs: 3_600_000 },
          spec: { of: "databases", to: ["local", "offsite"], structure: "1d", read: "30d", sample: "1d" },
        },
        {
          kind: "retain",
          name: "databases/retain",
          mode: "observe",
          schedule: { everyMs: 86_400_000 },
          spec: {
            of: "databases",
            to: ["local", "offsite"],
            keep: { within: "30d", daily: 0, weekly: 0, monthly: 0, yearly: 0 },
          },
        },
        {
          kind: "restart",
          name: "unhealthy",
          mode: "observe",
          spec: {
            after: "30s",
            recreate: false,
            budget: { restarts: 3, per: "30m", again: "1h" },
            perHost: { restarts: 3, per: "5m" },
            perImage: { restarts: 6, per: "30m" },
            storm: { share: "30%", least: 3 },
          },
        },
      ],
    },
  ]);
});

/** Every problem of one file, without its name. */
function problemsOf(text: string): string[] {
  return parsePolicy([{ file: "p", text }], { now: NOW }).problems.map((problem) =>
    formatProblem(problem).slice(2),
  );
}

function problemsOfRule(rule: string): string[] {
  return problemsOf(`policy: p\nhosts: { a: b }\nrules:\n${rule}`);
}

test("every mistake of a file is told at once, where it stands and what was expected", () => {
  const text = `policy: Production
hosts: { environment: production, tier: 1 }
mode: enforced
rule: x
rules:
  - prune: host-cache
    scedule: "0 3 * * *"
    every: 300
    images: { unusedFor: 14, keepNewest: -1, except: ["^("], danglin: false }
    limits: { share: 150%, bytes: 10 }
  - prun: x
  - 7
`;

  expect(problemsOf(text)).toEqual([
    "1:9: policy: expected a name of lower-case letters, digits and . _ - (64 at most), got Production",
    "2:41: tier: expected a pattern such as acme/*, got 1",
    "3:7: mode: expected observe or enforce (did you mean enforce?), got enforced",
    "4:1: unknown key `rule`, did you mean `rules`?",
    "7:5: unknown key `scedule`, did you mean `schedule`?",
    "8:12: every: expected a duration such as 30s, 15m or 14d (did you mean 300d, 300h or 300m?), got 300",
    "9:26: unusedFor: expected a duration such as 30s, 15m or 14d (did you mean 14d, 14h or 14m?), got 14",
    "9:42: keepNewest: expected 0 or more, got -1",
    expect.stringMatching(/^9:55: except: not a regular expression \(.*\), got \^\($/),
    "9:62: unknown key `danglin`, did you mean `dangling`?",
    "10:22: share: expected a share from 1% to 100%, got 150%",
    "10:35: bytes: expected a size such as 500MB or 20GB, got 10",
    "11:5: a rule opens with its kind and name, such as `prune: host-cache`; unknown key `prun`, did you mean `prune`?",
    "12:5: expected a rule such as `prune: host-cache` with its keys",
  ]);
});

test("mistakes in what compliance asks for are told like all others", () => {
  const head = `policy: p
hosts: { a: b }
images: { maxAge: 90, bases: [], forbiddenTags: [latest] }
containers: { require: [health-check] }
volumes: { backups: 7d }
severity: { image-to-old: high, unowned: urgent }
waivers:
  - { finding: image-to-old, match: {}, reason: x, owner: y, until: 2030-13-01 }
`;

  expect(problemsOf(head)).toEqual([
    "3:19: maxAge: expected a duration such as 30s, 15m or 14d (did you mean 90d, 90h or 90m?), got 90",
    "3:30: bases: an empty list selects nothing; leave the key out or name a pattern, got an empty list",
    "3:34: unknown key `forbiddenTags`, did you mean `forbidTags`?",
    "4:25: require: expected healthcheck or limits or restart-policy or log-rotation (did you mean healthcheck?), got health-check",
    "5:12: unknown key `backups`, did you mean `backup`?",
    "6:27: image-to-old: expected a check (did you mean image-too-old?), got image-to-old",
    "6:42: unowned: expected critical or high or medium or low, got urgent",
    "8:16: finding: expected a check (did you mean image-too-old?), got image-to-old",
    "8:37: match: expected `image`, `container`, `volume`, `host` or several of them, each with a pattern",
    "8:69: until: there is no such day, got 2030-13-01",
  ]);
});

test("a waiver that is over is a mistake, and so is one for ever", () => {
  const waiver = (until: string) => `policy: p
hosts: { a: b }
waivers: [{ finding: image-too-old, match: { image: "*" }, reason: x, owner: y, until: ${until} }]`;

  expect(problemsOf(waiver("2029-12-31"))).toEqual([
    "3:88: until: ended 2029-12-31: renew it with a new date or remove it",
  ]);
  expect(problemsOf(waiver("2040-12-31"))).toEqual([
    "3:88: until: expected a date at most two years ahead (2032-02-01 or before), got 2040-12-31",
  ]);
  expect(problemsOf(waiver("2030-12-31"))).toEqual([]);
});

test("a selector that selects nothing is a mistake that says so", () => {
  expect(problemsOf("policy: p\nhosts: {}\n")).toEqual([
    "2:8: hosts: expected labels such as { environment: production }; without any the policy selects nothing",
  ]);
  expect(problemsOf("policy: p\nrules: []\n")).toEqual([
    "1:1: hosts: is missing, expected labels such as { environment: production }; without any the policy selects nothing",
  ]);
  expect(
    problemsOfRule(`
  - backup: a
    every: 1h
    to: [local]
    select: { volumes: [] }
  - backup: b
    every: 1h
    to: [local]
    select: {}
  - backup: c
    every: 1h
    to: []
  - restart: d
    select: { labels: {} }
  - prune: e
    every: 1h
`),
  ).toEqual([
    "8:24: volumes: an empty list selects nothing; leave the key out or name a pattern, got an empty list",
    "12:13: select: selects nothing: it needs `volumes`, `labels`, `binds`, `host`, `images` or several of them",
    "13:5: select: is missing, expected a mapping such as { volumes: … }",
    "15:9: to: expected the name of at least one repository, got an empty list",
    "17:23: labels: an empty mapping selects nothing",
    "18:5: selects nothing: it needs `images`, `containers`, `volumes`, `networks` or `buildCache`",
  ]);
});

test("schedules are checked: five fields, a known zone, a time that comes, and only where the kind takes one", () => {
  expect(
    problemsOfRule(`
  - prune: a
    schedule: "0 3 * *"
    images: {}
  - prune: b
    schedule: "0 0 31 2 *"
    images: {}
  - prune: c
    schedule: "0 25 * * *"
    images: {}
  - prune: d
    schedule: "0 3 * * L"
    timezone: Europe/Viena
    images: {}
  - prune: e
    schedule: "0 3 * * *"
    every: 1h
    images: {}
  - prune: f
    images: {}
  - restart: g
    every: 1h
  - prune: h
    every: 1h
    timezone: UTC
    images: {}
`),
  ).toEqual([
    '6:15: schedule: expected five fields (minute hour day month weekday) such as "0 3 * * *", got 0 3 * *',
    "9:15: schedule: expected a time that comes; this one never does, got 0 0 31 2 *",
    "12:15: schedule: Invalid value for hour: 25 (expected minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7), got 0 25 * * *",
    '15:15: schedule: expected numbers, names (JAN, MON), and * , - / in "L", got 0 3 * * L',
    "16:15: timezone: expected a time zone (did you mean Europe/Vienna?), got Europe/Viena",
    "18:5: either `schedule` or `every`, not both",
    '22:12: prune needs `schedule: "0 3 * * *"` or `every: 6h`',
    "24:14: restart acts whenever something changes and takes no schedule",
    "26:5: `timezone` needs a `schedule`",
  ]);
});

test("names are unique, and a rule is of exactly one kind", () => {
  const one =
    "policy: p\nhosts: { a: b }\nrules: [{ restart: x }, { restart: x }, { restart: y, prune: y }]\n";

  const { policies, problems } = parsePolicy(
    [
      { file: "one", text: one },
      { file: "two", text: "policy: p\nhosts: { a: b }\n" },
    ],
    { now: NOW },
  );

  expect(policies).toEqual([]);
  expect(problems.map(formatProblem)).toEqual([
    "one:3:36: a second rule named x, the first is at one:3",
    "one:3:55: one rule is of one kind, this one says restart and prune",
    "two:1:9: a second policy named p, the first is in one",
  ]);
});

test("what is no YAML, or would blow up, is one problem of that file and of no other", () => {
  let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (const [from, to] of ["ab", "bc", "cd", "de", "ef"].map((pair) => pair.split(""))) {
    bomb += `${to}: &${to} [${Array(9).fill(`*${from}`).join(",")}]\n`;
  }

  const { policies, problems } = parsePolicy(
    [
      { file: "broken", text: "policy: p\nrules: [\n  - x: 1\n a: b" },
      { file: "twice", text: "policy: p\npolicy: q\nhosts: { a: b }\n" },
      { file: "bomb", text: bomb },
      { file: "huge", text: "#".repeat(128_001) },
      { file: "many", text: "policy: a\n---\npolicy: b\n" },
      { file: "empty", text: "" },
      { file: "good", text: GOOD },
    ],
    { now: NOW },
  );

  expect(policies.map(({ name }) => name)).toEqual(["production"]);
  expect(problems.map(formatProblem)).toEqual([
    "broken:3:3: inside [ ] or { } entries have commas between them, and no dashes",
    "broken:4:6: a ] is missing before this, or stands too far left",
    "twice:2:1: the key `policy` stands here a second time, the first is in line 1: keep one of them",
    "bomb:1:1: cannot be read: Excessive alias count indicates a resource exhaustion attack",
    "huge:1:1: is larger than 128 kB",
    "many:2:1: a second document; a file holds one",
    "empty:1:1: expected a mapping such as { policy: …, hosts: … }, got nothing",
  ]);
});

test("nesting without end is a problem, not a crash", () => {
  expect(problemsOf(`a: ${"[".repeat(3_000)}`).length).toBeGreaterThan(0);
  expect(problemsOf(`a: ${"[".repeat(3_000)}${"]".repeat(3_000)}`).length).toBeGreaterThan(0);
});

test("a file that is wrong all over is told so a hundred times, not more", () => {
  const text = Array.from({ length: 2_000 }, (_, index) => `k${index}: 1`).join("\n");

  expect(problemsOf(text)).toHaveLength(100);
});

test("a policy with a mistake in its head still tells the mistakes of its rules", () => {
  expect(problemsOf("rules: [{ restart: a, after: soon }]")).toEqual([
    "1:1: policy: is missing, expected a name of lower-case letters, digits and . _ - (64 at most)",
    "1:1: hosts: is missing, expected labels such as { environment: production }; without any the policy selects nothing",
    "1:30: after: expected a duration such as 30s, 15m or 14d, got soon",
  ]);
});
