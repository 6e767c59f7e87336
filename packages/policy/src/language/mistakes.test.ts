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
