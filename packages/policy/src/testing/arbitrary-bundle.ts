import { days } from "@shipkeeper/kit";
import * as fc from "fast-check";
import { compileBundle } from "../language/compile.ts";
import type { Exception, Policy, PolicyBundle, Rule } from "../language/policy.ts";
import type { Window } from "../schedule/windows.ts";
import { arbitraryRegistrySpec } from "./arbitrary-registry.ts";
import { NOW } from "./world.ts";

const mode = fc.constantFrom("observe" as const, "enforce" as const, "enforce" as const);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const duration = fc.constantFrom("1m", "1h", "1d", "14d", "90d");

/** Around `NOW`, which is a Thursday at two in the night. */
export const someWindows = fc.constantFrom<Window[] | undefined>(
  undefined,
  undefined,
  [{ days: "Mon-Sun", from: "00:00", to: "24:00", timezone: "UTC" }],
  [{ days: "Wed", from: "22:00", to: "04:00", timezone: "Europe/Vienna" }],
  [{ days: "Thu", from: "07:30", to: "07:45", timezone: "Asia/Kolkata" }],
  [{ days: "Fri,Sat", from: "01:00", to: "05:00", timezone: "UTC" }],
);

const pruneSpec = fc.record({
  images: fc.record({
    unusedFor: maybe(duration),
    olderThan: maybe(duration),
    minAge: maybe(duration),
    keepNewest: fc.nat(2),
    keepRollback: fc.record({ generations: fc.nat(2), within: duration }),
    except: fc.constantFrom([], ["api*"]),
    exceptLabels: fc.constantFrom<Record<string, string>>({}, { tier: "g*" }),
    dangling: fc.boolean(),
  }),
  containers: maybe(
    fc.record({
      exitedFor: duration,
      failedFor: maybe(duration),
      neverStartedFor: maybe(duration),
      exitCodes: maybe(fc.constantFrom([0], [0, 137])),
      includeStoppedServices: fc.boolean(),
      except: fc.constantFrom([], ["job-3"]),
    }),
  ),
  volumes: maybe(
    fc.record({
      orphanedFor: duration,
      named: fc.constantFrom([], ["v*"]),
      except: fc.constantFrom([], ["v3"]),
    }),
  ),
  networks: maybe(fc.record({ unusedFor: duration, except: fc.constantFrom([], ["n3"]) })),
  buildCache: maybe(fc.record({ unusedFor: duration, keep: maybe(fc.constantFrom("1GB", "3GB")) })),
  limits: fc.record({
    items: fc.integer({ min: 1, max: 30 }),
    bytes: maybe(fc.constantFrom("1GB", "20GB")),
    share: fc.constantFrom("5%", "50%", "100%"),
    perDay: fc.record({ items: maybe(fc.integer({ min: 1, max: 9 })), bytes: maybe(fc.constant("4GB")) }),
  }),
});
const consistency = fc.constantFrom("none", "pause", "stop", "stop", { hook: "dump" }, { hook: "unknown" });
const backupSpec = fc
  .record({
    select: fc.constantFrom<Record<string, unknown>>(
      { volumes: ["*"] },
      { labels: { tier: "*" } },
      { volumes: ["v*"], labels: { tier: "g*" } },
      { volumes: ["*"], binds: ["*"], host: true },
      { binds: ["/srv/*"], images: true },
    ),
    to: fc.constantFrom(["local"], ["local", "moon"], ["offsite", "local"]),
    consistency,
  })
  // Hooks know nothing of folders: such a rule is never compiled.
  .map(({ select, ...rest }) => {
    const { binds, ...others } = select;
    return typeof rest.consistency === "object" && binds !== undefined
      ? { ...rest, select: { volumes: ["*"], ...others } }
      : { ...rest, select };
  });
const restartSpec = fc.record({
  select: maybe(fc.constant({ containers: ["job-*"] })),
  after: fc.constantFrom("0s", "60s"),
  recreate: fc.boolean(),
  budget: fc.record({
    restarts: fc.integer({ min: 1, max: 5 }),
    per: fc.constantFrom("10m", "30m"),
    again: fc.constantFrom("1m", "1h"),
  }),
  perHost: fc.record({ restarts: fc.constantFrom(1, 3, 9) }),
  perImage: fc.record({ restarts: fc.constantFrom(1, 6), per: fc.constantFrom("1m", "30m") }),
  storm: fc.record({ least: fc.constantFrom(2, 3, 50) }),
});

const expireSpec = fc.record({
  all: fc.constant(true),
  olderThan: duration,
  since: fc.constantFrom("started", "created"),
  announce: fc.constantFrom("1m", "1d"),
  grace: maybe(fc.constant("1h")),
  removeAfter: maybe(fc.constantFrom("1m", "7d")),
  include: fc.subarray(["databases", "compose", "restart-always"]),
  limits: fc.record({
    items: fc.integer({ min: 1, max: 9 }),
    perProject: fc.integer({ min: 1, max: 3 }),
    perDay: fc.record({ items: maybe(fc.integer({ min: 1, max: 4 })) }),
  }),
});

const rule = (name: string): fc.Arbitrary<Rule> =>
  fc.oneof(
    { weight: 2, arbitrary: ruleOf("prune", name, pruneSpec) },
    ruleOf("backup", name, backupSpec),
    ruleOf("restart", name, restartSpec),
    { weight: 2, arbitrary: ruleOf("expire", name, expireSpec) },
    ruleOf("registry", name, arbitraryRegistrySpec),
  );

function ruleOf(kind: string, name: string, spec: fc.Arbitrary<object>): fc.Arbitrary<Rule> {
  const schedule = kind === "restart" ? {} : { schedule: { everyMs: 3_600_000 } };
  return fc
    .record({ mode, spec, windows: someWindows })
    .map(({ windows, ...drawn }) => ({ kind, name, ...schedule, ...(windows && { windows }), ...drawn }));
}

/** Nothing more is drawn for it, so that what is drawn for the others stays as it is. */
function withVerification(rule: Rule): Rule[] {
  if (rule.kind !== "backup") return [rule];
  const { to } = rule.spec as { to: string[] };
  const spec = { of: rule.name, to, structure: "1h", read: "14d", sample: "1d" };
  return [rule, { ...rule, kind: "verify", name: `${rule.name}/verify`, spec }];
}

/** Another host, or this one, rebuilt for a try; nothing more is drawn for it, either. */
function withRebuild({ schedule, ...rule }: Rule): Rule {
  const host = rule.mode === "observe" ? "web-1" : "db-1";
  const spec = { host, from: "local", drill: { every: "7d" } };
  return { ...rule, kind: "rebuild", name: "elsewhere", schedule: schedule ?? { everyMs: 3_600_000 }, spec };
}

const exception = fc.record(
  {
    rule: fc.constantFrom("one", "two"),
    match: fc.constantFrom<Exception["match"]>(
      { image: "api*" },
      { image: "web", host: "web-*" },
      { container: "job-*" },
      { volume: "v?" },
      { container: "*", host: "db-*" },
    ),
    reason: fc.constant("the vendor certifies in March"),
    owner: fc.constant("payments"),
    until: fc.constantFrom(NOW - 1, NOW, NOW + 1, NOW + days(9)),
  },
  { requiredKeys: ["match", "reason", "owner", "until"] },
);

const policy = (name: string): fc.Arbitrary<Policy> =>
  fc.record({
    name: fc.constant(name),
    hosts: fc.constantFrom<Record<string, string>>(
      { environment: "production" },
      { environment: "*" },
      { environment: "p*" },
      { hostname: "web-*" },
      {},
    ),
    owners: fc.constant({ labels: [], map: {} }),
    exceptions: fc.array(exception, { maxLength: 2 }),
    checks: fc.constant([]),
    waivers: fc.constant([]),
    rules: fc
      .tuple(rule("one"), rule("two"))
      .map((rules) => [...rules.flatMap(withVerification), ...rules.slice(0, 1).map(withRebuild)]),
  });

export const arbitraryBundle: fc.Arbitrary<PolicyBundle> = fc
  .record({
    policies: fc.tuple(policy("a"), policy("b")),
    expired: fc.constantFrom(false, false, false, true),
  })
  .map(({ policies, expired }) =>
    compileBundle(policies, {
      revision: 1,
      issuedAt: NOW - days(9),
      expiresAt: expired ? NOW : NOW + days(9),
    }),
  );
