/** The mistakes that people make most: each golden file is what somebody reads who made one. */
import { expect, test } from "vitest";
import { formatProblem, hostsProblems, parsePolicy } from "../index.ts";
import { NOW } from "../testing/world.ts";

const HEAD = "policy: production\nhosts: { environment: production }\nmode: enforce\n";
const inRules = (...rules: string[]) => `${HEAD}rules:\n${rules.join("\n")}\n`;
const prune = (...keys: string[]) => ["  - prune: host-cache", ...keys.map((key) => `    ${key}`)].join("\n");
const because = "reason: vendor certifies in March, owner: payments, until: 2029-12-31";

/** Mistake → the file in which it was made. */
const MISTAKES: Record<string, string> = {
  "wrong-unit": inRules(
    prune(
      "every: 1 hour",
      "images: { unusedFor: 14 days, olderThan: 14dd, minAge: 3 }",
      "limits: { bytes: 100 gigs }",
    ),
  ),
  "unknown-key": inRules(prune("every: 1h", "image: {}", "images: { unusedfor: 14d }")),
  "bad-cron": inRules(
    prune('schedule: "0 3 * *"', "images: {}"),
    '  - prune: too-late\n    schedule: "0 25 * * *"\n    containers: { exitedFor: 3d }',
  ),
  "empty-selector": `policy: production\nhosts: {}\nrules:\n  - backup: data\n    every: 1h\n    to: [local]\n    select: { volumes: [] }\n`,
  "unknown-time-zone": inRules(prune('schedule: "0 3 * * *"', "timezone: Europe/Viena", "images: {}")),
  "overlapping-rules": inRules(
    prune("every: 1h", "images: { unusedFor: 14d }"),
    "  - prune: leftovers\n    every: 6h\n    images: {}\n    containers: { exitedFor: 3d }",
  ),
  "expired-waiver": `${HEAD}waivers:\n  - { finding: image-too-old, match: { image: "acme/*" }, ${because} }\nexceptions:\n  - { match: { image: "acme/*" }, ${because} }\n`,
  "typo-in-a-label": "policy: production\nhosts: { enviroment: production }\n",
  "duplicate-key": `${HEAD}owners: { labels: [owner] }\nmode: observe\n`,
  "unquoted-pattern": `${HEAD}rules:\n  - backup: databases\n    rpo: 6h\n    to: [local]\n    select: { volumes: [*-pgdata, *] }\nexceptions:\n  - match: { container: *-trial }\n    ${because.replaceAll(", ", "\n    ")}\n`,
  "unlike-indentation": inRules(
    "  - prune: host-cache\n   every: 1h",
    "  - prune: leftovers\n      every: 1h\n    images: {}",
  ),
  "open-bracket": "policy: production\nhosts: { environment: production\nmode: enforce\n",
  "open-quote": 'policy: production\nhosts: { environment: "production }\nmode: enforce\n',
  "second-colon": `${HEAD}waivers:\n  - finding: unowned\n    reason: vendor: certifies in March\n`,
  "no-colon": "policy production\nhosts: { environment: production }\n",
  "missing-comma": `${HEAD}rules:\n  - { restart: sick after: 30s }\ninherits: ["base" "hosts"]\n`,
  "wrong-shape": `${HEAD}inherits: hosts-base\nwindows: night\nrules:\n  - backup: databases\n    every: 6h\n    to: local\n    select:\n    keep: 30d\n`,
  "odd-values": `${inRules(prune("every: 0s", "images: { unusedFor: 14 }"), "  - prun: leftovers")}exceptions:\n  - { rule: host-cache, match: { image: a }, reason: r, owner: o, until: 2030-04-31 }\n  - { rule: leftovers, match: { imag: a }, reason: r, owner: o, until: 2031-01-01 }\n`,
  "odd-backups": `policy: production\nhosts: { environment: production }\nrules:\n${[
    "rpo: 30, maxQuiesce: 5 minutes, consistency: paused, select: { volumes: [a], host: yes }",
    "rpo: 30m, consistency: { hook: }, select: { volume: [a] }, keep: { daily: 7d }, drill: { rto: 60 }",
    "rpo: 30m, consistency: { hook: pg }, select: { volumes: [a], binds: [/srv] }",
    "rpo: 30m, consistency: { hook: pg }, select: { host: true }",
    "rpo: 30m, select: {}",
  ]
    .map((keys, index) => `  - { backup: rule-${index}, to: [local], ${keys} }`)
    .join("\n")}\n`,
  "odd-coverage": `${HEAD}coverage:\n  - { volume: ["*-cache"], reason: r, until: 2030-06-30 }\n  - { reason: r, until: 2030-06-30 }\n  - { volumes: ["*"], reason: "", until: 2029-12-31 }\n  - { binds: [/srv/*], until: never }\n`,
  "passed-coverage": `${HEAD}coverage: [{ volumes: ["*-cache"], reason: made again, until: 2029-12-31 }]\n`,
  "tab-indentation":
    "policy: production\nhosts:\n\tenvironment: production\nrules:\n  - prune: host-cache\n\t  every: 1h\n",
};

const FLEET = [{ hostname: "web-1", labels: { environment: "production" } }];

test.each(Object.entries(MISTAKES))("a person can act on what is said of: %s", async (mistake, text) => {
  const parsed = parsePolicy([{ file: "production.yaml", text }], { now: NOW });
  const late = hostsProblems(parsed.policies, FLEET).map((problem) => parsed.place(problem));
  const told = [...parsed.problems, ...late];

  expect(told).not.toEqual([]);
  await expect(`${told.map(formatProblem).join("\n")}\n\n${text}`).toMatchFileSnapshot(
    `./golden/${mistake}.txt`,
  );
});

test("the exceptions to a rule are not said to name none where the rule has a mistake", () => {
  const text = `${inRules(prune("every: 0s", "images: {}"), "  - prun: leftovers")}exceptions:
  - { rule: host-cache, match: { image: a }, reason: r, owner: o, until: 2030-12-31 }
  - { rule: leftovers, match: { image: a }, reason: r, owner: o, until: 2030-12-31 }
  - { rule: leftover, match: { image: a }, reason: r, owner: o, until: 2030-12-31 }
`;

  expect(parsePolicy([{ file: "p", text }], { now: NOW }).problems.map(formatProblem)).toEqual([
    "p:6:12: every: expected a duration such as 30s, 15m or 14d, more than nothing, got 0s",
    "p:8:5: a rule opens with its kind and name, such as `prune: host-cache`; unknown key `prun`, did you mean `prune`?",
    "p:12:13: rule: there is no rule named leftover here, did you mean leftovers?",
  ]);
});

test("a rule that may stand in a profile that is not found is not missed", () => {
  const text = `${HEAD}inherits: [bass]
exceptions: [{ rule: host-cache, match: { image: a }, reason: r, owner: o, until: 2030-12-31 }]
`;

  expect(parsePolicy([{ file: "p", text }], { now: NOW }).problems.map(formatProblem)).toEqual([
    "p:4:12: inherits: there is no profile named bass",
  ]);
});

test("of time zones only a near one is suggested", () => {
  const told = (zone: string) =>
    parsePolicy(
      [{ file: "p", text: inRules(prune('schedule: "0 3 * * *"', `timezone: ${zone}`, "images: {}")) }],
      { now: NOW },
    ).problems.map(({ message }) => message);

  expect(["Europe/Berln", "Europe/Wien", "Europe/München"].flatMap(told)).toEqual([
    "timezone: expected a time zone (did you mean Europe/Berlin?), got Europe/Berln",
    "timezone: expected a time zone such as Europe/Vienna, got Europe/Wien",
    "timezone: expected a time zone such as Europe/Vienna, got Europe/München",
  ]);
});

test("a backup's rpo is no second schedule, and no shorter than its windows stay closed", () => {
  const backup = (...keys: string[]) =>
    ["  - backup: data", "to: [local]", "select: { volumes: [a] }", ...keys].join("\n    ");
  const told = (rule: string, head = "") =>
    parsePolicy([{ file: "p", text: `${inRules(rule)}${head}` }], { now: NOW }).problems.map(formatProblem);
  const nights = 'windows: [{ from: "01:00", to: "03:00" }]';

  expect(told(backup())).toEqual(['p:5:13: backup needs `rpo: 24h`, `schedule: "0 3 * * *"` or `every: 6h`']);
  expect(told(backup("rpo: 6h", "every: 1h"))).toEqual([
    "p:8:10: either `rpo` or `every`, not both: it says how often the rule runs",
  ]);
  const closed =
    "p:8:10: rpo: its windows stay closed for up to 22 hours, longer than that: open them in between, or give the rule `windows: [{}]`";
  expect(told(backup("rpo: 6h"), nights)).toEqual([closed]);
  expect(told(backup("rpo: 6h", nights))).toEqual([closed]);
  expect(told(backup("rpo: 24h"), nights)).toEqual([]);
  expect(told(backup("rpo: 6h", "windows: [{}]"), nights)).toEqual([]);
});

test("a rule about all containers overlaps with one that selects some", () => {
  const rules = inRules(
    "  - restart: sick",
    "  - restart: web\n    select: { containers: [web] }",
    "  - expire: old\n    olderThan: 30d\n    all: true",
    "  - expire: trials\n    olderThan: 7d\n    select: { containers: [trial-*] }",
  );

  const told = parsePolicy([{ file: "p", text: rules }], { now: NOW }).problems.map(formatProblem);

  expect(told).toEqual([
    "p:6:14: overlaps with restart sick (p:5): both are about the same containers, on the same hosts; keep one of them",
    "p:11:13: overlaps with expire old (p:8): both are about the same containers, on the same hosts; keep one of them",
  ]);
});

test("rules overlap across policies of the same hosts, unless one of them only observes", () => {
  const policy = (name: string, hosts: string, mode: string) => ({
    file: name,
    text: `policy: ${name}\nhosts: ${hosts}\nmode: ${mode}\nrules: [{ restart: sick }]\n`,
  });
  const { policies, problems } = parsePolicy(
    [
      policy("one", "{ a: b, c: d }", "enforce"),
      policy("two", "{ c: d, a: b }", "enforce"),
      policy("other-hosts", "{ a: b }", "enforce"),
      policy("trial", "{ a: b, c: d }", "observe"),
    ],
    { now: NOW },
  );

  expect(problems.map(formatProblem)).toEqual([
    "two:4:20: overlaps with restart sick of policy one (one:4): both are about the same containers, on the same hosts; keep one of them",
  ]);
  expect(policies.map(({ name }) => name)).toEqual(["one", "other-hosts", "trial"]);
});

test("prune rules overlap in each part that both have, except in containers of different exit codes", () => {
  const rules = inRules(
    prune("every: 1h", "networks: { unusedFor: 7d }", "containers: { exitedFor: 1h, exitCodes: [0] }"),
    "  - prune: failed\n    every: 1h\n    containers: { exitedFor: 3d, exitCodes: [1, 137] }",
    "  - prune: networks\n    every: 6h\n    networks: { unusedFor: 1d }",
  );

  expect(parsePolicy([{ file: "p", text: rules }], { now: NOW }).problems.map(formatProblem)).toEqual([
    "p:12:12: overlaps with prune host-cache (p:5): both are about networks, on the same hosts; keep one of them",
  ]);
});
