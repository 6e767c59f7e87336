import { HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { formatProblem, parsePolicy } from "../index.ts";
import { NOW } from "../testing/world.ts";

/** File name → its text; everything that comes of them. */
function parse(files: Record<string, string>) {
  const { policies, problems } = parsePolicy(
    Object.entries(files).map(([file, text]) => ({ file, text })),
    { now: NOW },
  );
  return { policies, problems: problems.map(formatProblem) };
}

const BASE = `
profile: base
mode: enforce
owners: { labels: [com.acme.owner], map: { platform: { match: ["base/*"], mail: platform@acme.example } } }
rules:
  - prune: cache
    every: 1h
    images: { unusedFor: 14d, keepNewest: 2 }
    limits: { items: 50 }
  - restart: sick
exceptions:
  - { match: { image: "acme/*" }, reason: r, owner: o, until: 2030-12-31 }
`;

test("a policy takes over what its profile says, adds to lists and mappings, and has the last word", () => {
  const { policies, problems } = parse({
    base: BASE,
    shop: `
policy: shop
inherits: [base]
hosts: { role: shop }
mode: observe
owners: { labels: [team], map: { platform: { match: ["infra/*"] }, shop: { match: ["shop/*"] } } }
rules:
  - restart: pages
    mode: enforce
    select: { containers: ["page-*"] }
  - prune: cache
    schedule: "0 3 * * *"
    images: { unusedFor: 3d }
`,
  });

  expect(problems).toEqual([]);
  expect(policies).toMatchObject([
    {
      name: "shop",
      hosts: { role: "shop" },
      owners: {
        labels: ["team", "com.acme.owner"],
        map: {
          platform: { match: ["infra/*", "base/*"], mail: "platform@acme.example" },
          shop: { match: ["shop/*"] },
        },
      },
      exceptions: [{ match: { image: "acme/*" } }],
      rules: [
        { name: "pages", mode: "enforce" },
        {
          name: "cache",
          mode: "observe",
          schedule: { cron: "0 3 * * *", timezone: "UTC" },
          // Keys are taken over whole: `keepNewest` is the default's, not the profile's.
          spec: { images: { unusedFor: "3d", keepNewest: 0 }, limits: { items: 50 } },
        },
        { name: "sick", mode: "observe" },
      ],
    },
  ]);
});

test("a rule that says when it runs takes over no other way to say it", () => {
  const base =
    '{ profile: base, rules: [{ backup: data, to: [a], select: { volumes: [v] }, schedule: "0 3 * * *", catchUp: never }] }';
  const scheduleFrom = (key: string) =>
    parse({
      base,
      own: `{ policy: p, hosts: { a: b }, inherits: [base], rules: [{ backup: data, ${key} }] }`,
    }).policies[0]?.rules[0]?.schedule;

  expect(scheduleFrom("rpo: 12h")).toEqual({ everyMs: 6 * HOUR_MS });
  expect(scheduleFrom("every: 2h")).toEqual({ everyMs: 2 * HOUR_MS });
});

test("rings are taken over whole, because two orders make none", () => {
  const base = "{ profile: base, rollout: { rings: [canary, 10%, all], bake: 2h } }";
  const { policies, problems } = parse({
    base,
    own: "{ policy: p, hosts: { a: b }, inherits: [base], rollout: { rings: [early, all] } }",
  });

  expect(problems).toEqual([]);
  expect(policies[0]?.rollout).toMatchObject({ rings: ["early", "all"], bakeMs: 2 * HOUR_MS });
});

test("profiles inherit from profiles; each counts once, and the nearer one first", () => {
  const profile = (name: string, inherits: string) =>
    `{ profile: ${name}, inherits: [${inherits}], owners: { labels: [${name}] }, rules: [{ restart: sick, after: ${name.length}s }] }`;
  const { policies, problems } = parse({
    root: profile("root", ""),
    left: profile("left-one", "root"),
    right: profile("right", "root"),
    own: "{ policy: p, hosts: { a: b }, inherits: [left-one, right] }",
  });

  expect(problems).toEqual([]);
  expect(policies[0]).toMatchObject({
    owners: { labels: ["left-one", "right", "root"] },
    rules: [{ name: "sick", spec: { after: "8s" } }],
  });
});

test("a mistake in a profile is told once, in its own file, and leaves out whoever inherits it", () => {
  const inheriting = (name: string) => `{ policy: ${name}, hosts: { role: ${name} }, inherits: [base] }`;
  const { policies, problems } = parse({
    one: inheriting("one"),
    base: BASE.replace("unusedFor: 14d", "unusedFor: 14").replace("    limits:", "    limit:"),
    two: inheriting("two"),
    three: "{ policy: three, hosts: { a: b } }",
  });

  expect(problems).toEqual([
    "base:8:26: unusedFor: expected a duration such as 30s, 15m or 14d (did you mean 14d, 14h or 14m?), got 14",
    "base:9:5: unknown key `limit`, did you mean `limits`?",
  ]);
  expect(policies.map(({ name }) => name)).toEqual(["three"]);
});

test("a mistake in what a policy writes over its profile is told in the policy's file", () => {
  const { problems } = parse({
    base: BASE,
    own: `
policy: p
hosts: { a: b }
inherits: [base]
rules:
  - prune: cache
    images: { unusedFor: 3 }
  - backup: sick
    every: 1h
    select: { volumes: ["*"] }
    to: [local]
`,
  });

  expect(problems).toEqual([
    "base:10:14: a second rule named sick, the first is at own:8",
    "own:7:26: unusedFor: expected a duration such as 30s, 15m or 14d (did you mean 3d, 3h or 3m?), got 3",
  ]);
});

test("names of profiles are checked: unknown ones, taken ones, circles, and hosts, which a profile has not", () => {
  expect(
    parse({
      base: "{ profile: base, inherits: [middle] }",
      middle: "{ profile: middle, inherits: [base] }",
      again: "{ profile: base }",
      hosts: "{ profile: with-hosts, hosts: { a: b } }",
      own: "{ policy: p, hosts: { a: b }, inherits: [bas, nothing-like-it] }",
      odd: "{ policy: q, hosts: { a: b }, inherits: base }",
    }).problems,
  ).toEqual([
    "base:1:29: inherits: middle inherits from itself: middle → base → middle",
    "middle:1:31: inherits: base inherits from itself: base → middle → base",
    "again:1:12: a second profile named base, the first is in base",
    "hosts:1:24: unknown key `hosts`, known are profile, inherits, mode, rollout, windows, owners, postMortems, exceptions, coverage, images, containers, volumes, backups, unowned, severity, waivers, logs, rules",
    "own:1:42: inherits: there is no profile named bas, did you mean base?",
    "own:1:47: inherits: there is no profile named nothing-like-it, there are base, middle, with-hosts",
    "odd:1:41: inherits: expected a list such as [base], got base",
  ]);
});
