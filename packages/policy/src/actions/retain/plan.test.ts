import { DAY_MS, HOUR_MS } from "@shipkeeper/kit";
import { volumeNameSchema, type Inventory, type Volume } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { Proof } from "../../dataset/proof.ts";
import { checkStep } from "../../round/check-step.ts";
import type { ListedRestorePoint, RestorePointListing } from "../../round/outside.ts";
import { NOW, worldWith } from "../../testing/world.ts";
import { isStep } from "../action.ts";
import { explainRetain, summarizeRetain } from "./explain.ts";
import { planRetain } from "./plan.ts";
import { retainSpecSchema } from "./spec.ts";

const HOST = worldWith({}).hostId;
const volume = (name: string): Volume => ({
  name: volumeNameSchema.parse(name),
  driver: "local",
  mountpoint: `/volumes/${name}`,
  labels: {},
  anonymous: false,
  users: [],
});
const DATA = volume("data");

/** A restore point so many days old; its id tells them apart. */
const point = (days: number, facts: Partial<ListedRestorePoint> = {}): ListedRestorePoint => ({
  id: `${days}d`,
  at: NOW - days * DAY_MS,
  hostId: HOST,
  dataset: "volume:data",
  rule: "p/databases",
  size: { bytes: 1_000, files: 10 },
  ...facts,
});

const proof = (facts: Partial<Proof>): Proof => ({
  at: NOW - HOUR_MS,
  level: "structure",
  repository: "local",
  passed: true,
  ...facts,
});

function plan(
  points: readonly ListedRestorePoint[],
  {
    keep = {},
    proofs = [proof({})],
    listing = {},
    volumes = [DATA],
    gaps = [],
  }: {
    keep?: object;
    proofs?: readonly Proof[];
    listing?: Partial<RestorePointListing>;
    volumes?: Inventory["volumes"];
    gaps?: Inventory["gaps"];
  } = {},
) {
  const empty = worldWith({ volumes, gaps });
  const restorePoints = new Map([["local", { appendOnly: false, points, ...listing }]]);
  const world = {
    ...empty,
    repositories: ["local"],
    outside: { registries: new Map(), restorePoints },
    ledger: { ...empty.ledger, proofs },
  };
  const spec = retainSpecSchema.parse({ of: "databases", to: ["local"], keep: { within: "30d", ...keep } });
  const planned = planRetain(spec, world, "p/databases/retain");

  const wrong = planned.verdicts
    .filter(isStep)
    .flatMap((step) =>
      checkStep(step, { kind: "retain", world, spec: { of: "databases", to: ["local"], keep } }),
    );
  expect(wrong, "by the second opinion").toEqual([]);
  return planned;
}

const said = (...args: Parameters<typeof plan>) =>
  Object.fromEntries(
    plan(...args).verdicts.map(({ target, decision, reason }) => [target.id, `${decision}: ${reason.why}`]),
  );

test("everything of the last days stays, counted from now; what is older goes, the oldest first", () => {
  const planned = plan([point(1), point(29), point(31), point(60)]);

  expect(
    planned.verdicts.map((verdict) => `${verdict.target.id} ${verdict.decision}: ${explainRetain(verdict)}`),
  ).toEqual([
    "60d forget: 60 days old (limit 30 days), in repository local",
    "31d forget: 31 days old (limit 30 days), in repository local",
    "1d keep: 1 day old (limit 30 days), in repository local",
    "29d keep: 29 days old (limit 30 days), in repository local",
  ]);
  expect(summarizeRetain(planned.verdicts)).toBe("forgets 2 of 4 restore points");
});

test("before that the last of each day, week, month and year stays, as many as the rule says", () => {
  const daily = Array.from({ length: 800 }, (_, days) => point(days));

  const kept = plan(daily, { keep: { within: "1d", daily: 2, weekly: 2, monthly: 3, yearly: 2 } })
    .verdicts.filter(({ decision }) => decision === "keep")
    .map(({ target, reason: { why, of } }) => `${target.id} ${typeof of === "string" ? of : why}`);

  expect(new Date(NOW).toISOString()).toMatch(/^2030-01-31T/);
  expect(kept).toEqual([
    "0d within",
    "1d within",
    "2d day", // also the last of its week, month and year
    "3d day",
    "4d week",
    "31d month",
    "62d month",
  ]);
});

test("the newest that is proven stays whatever its age, and nothing that was proven last goes", () => {
  const points = [point(1), point(40), point(50), point(60), point(70)];
  const proofs = [
    proof({ at: NOW - 45 * DAY_MS }),
    proof({ level: "drill", dataset: "volume:data", restorePoint: "60d" }),
  ];

  expect(said(points, { proofs })).toMatchObject({
    "40d": "forget: expired",
    "50d": "keep: verified",
    "60d": "keep: verified",
    "70d": "forget: expired",
  });
});

test("where none is proven, the one before the newest stays, too", () => {
  expect(said([point(1), point(40), point(50)], { proofs: [] })).toEqual({
    "1d": "keep: within",
    "40d": "keep: nothing-verified",
    "50d": "forget: expired",
  });
});

test.for([
  ["holds nothing", { size: { bytes: 0, files: 0 } }, [proof({})], "newest-suspicious"],
  ["lost more than half", { size: { bytes: 400, files: 10 } }, [proof({})], "newest-suspicious"],
  [
    "failed a proof",
    {},
    [proof({}), proof({ level: "sample", passed: false, restorePoint: "1d", dataset: "volume:data" })],
    "newest-suspicious",
  ],
] as const)("nothing goes while the newest %s", ([, facts, proofs, why]) => {
  expect(said([point(1, facts), point(40), point(50), point(60)], { proofs })).toMatchObject({
    "50d": `refuse: ${why}`,
    "60d": `refuse: ${why}`,
  });
});

test("nothing goes from a damaged repository until a later look finds it whole", () => {
  const damage = proof({ at: NOW - 2 * HOUR_MS, passed: false, message: "pack aa: does not exist" });
  const points = [point(1), point(40), point(50)];

  expect(said(points, { proofs: [damage] })["50d"]).toBe("refuse: damaged");
  expect(said(points, { proofs: [damage, proof({})] })["50d"]).toBe("forget: expired");
});

test("a group to which nothing new comes is left as it is: a clock may be wrong, or backups have stopped", () => {
  expect(said([point(31), point(40), point(50)])).toEqual({
    "31d": "keep: newest",
    "40d": "refuse: nothing-recent",
    "50d": "refuse: nothing-recent",
  });
});

test("one from the future is no newest, and pushes nothing out", () => {
  expect(said([point(-10), point(1), point(40)])).toEqual({
    "-10d": "keep: from-the-future",
    "1d": "keep: within",
    "40d": "forget: expired",
  });
});

test("others' restore points are not looked at: of another host, another rule, another dataset's group", () => {
  const others = [
    point(50, { id: "host", hostId: "another" }),
    point(50, { id: "rule", rule: "p/other" }),
    point(50, { id: "nobody", rule: undefined }),
    point(50, { id: "alone", dataset: "volume:other" }),
  ];

  expect(said([point(1), point(40), ...others])).toEqual({
    "1d": "keep: within",
    "40d": "forget: expired",
    alone: "keep: newest",
  });
});

test("a repository that cannot be deleted from, or was not listed, gets one verdict, and nothing goes", () => {
  const points = [point(1), point(40)];

  expect(said(points, { listing: { appendOnly: true } })).toEqual({ local: "keep: append-only" });
  expect(said(points, { listing: { problem: "it cannot be reached" } })).toEqual({
    local: "refuse: not-listed",
  });
});

test("a run has an end", () => {
  const many = Array.from({ length: 1_200 }, (_, hours) => point(31 + hours / 24));

  const decisions = Map.groupBy(plan([point(1), ...many]).verdicts, ({ decision }) => decision);

  expect(decisions.get("forget")).toHaveLength(1_000);
  expect(decisions.get("wait")?.[0]?.reason).toMatchObject({ why: "limit" });
});

/** Where the rule lets data that is gone go after half a year. */
const saidOfGone = (...[points, terms = {}]: Parameters<typeof plan>) =>
  said(points, { ...terms, keep: { gone: "180d", ...terms.keep } });
/** Of a volume that is gone, and of one that is there and backed up. */
const gone = (days: number, facts: Partial<ListedRestorePoint> = {}) =>
  point(days, { id: `gone-${days}d`, dataset: "volume:gone", ...facts });

test("of data that is gone all stays until the newest of it is old enough, and then all of it goes", () => {
  const proofs = [proof({}), proof({ level: "drill", dataset: "volume:gone", restorePoint: "gone-181d" })];

  expect(saidOfGone([point(1), gone(180), gone(300)], { proofs })).toEqual({
    "1d": "keep: within",
    "gone-180d": "keep: newest",
    "gone-300d": "refuse: nothing-recent",
  });
  expect(saidOfGone([point(1), gone(181), gone(300)], { proofs })).toEqual({
    "1d": "keep: within",
    "gone-181d": "forget: gone",
    "gone-300d": "forget: gone",
  });
  expect(said([point(1), gone(999)])).toMatchObject({ "gone-999d": "keep: newest" });
  expect(saidOfGone([point(1), gone(40)], { keep: { gone: "40d" } })).toMatchObject({
    "gone-40d": "keep: newest",
  });
  expect(saidOfGone([point(1), gone(41)], { keep: { gone: "40d" } })).toMatchObject({
    "gone-41d": "forget: gone",
  });
});

test.for<[string, Parameters<typeof plan>]>([
  ["is there, and only not backed up any more", [[point(1), gone(181)], { volumes: [DATA, volume("gone")] }]],
  [
    "may be in what could not be read",
    [[point(1), gone(181)], { gaps: [{ section: "volumes", error: "no" }] }],
  ],
  ["is a folder, which may not be mounted", [[point(1), gone(181, { dataset: "bind:/srv/gone" })]]],
  ["was made last where nothing comes any more", [[point(31), gone(181)]]],
  ["has one from the future", [[point(1), gone(-10), gone(181)]]],
  [
    "lies in a damaged repository",
    [[point(1), gone(181)], { proofs: [proof({ passed: false, message: "pack aa" })] }],
  ],
])("data that %s never loses its last restore point", ([, given]) => {
  expect(saidOfGone(...given)["gone-181d"]).toMatch(/^keep: newest$/);
});

test("what was saved before a restore in place goes after a month, where the rule goes on to back up the same", () => {
  const saved = (days: number, facts: Partial<ListedRestorePoint> = {}) =>
    point(days, { id: `saved-${days}d`, rule: "shipkeeper/safety", ...facts });
  const others = [
    saved(70, { id: "another host's", hostId: "another" }),
    saved(70, { id: "no rule's", dataset: "volume:other" }),
  ];

  expect(said([point(1), saved(30), saved(31), ...others])).toEqual({
    "1d": "keep: within",
    "saved-30d": "keep: safety",
    "saved-31d": "forget: safety",
  });
  expect(said([point(40), saved(31)])).toEqual({
    "40d": "keep: newest",
    "saved-31d": "refuse: nothing-recent",
  });
  expect(saidOfGone([point(1), gone(181), saved(182, { dataset: "volume:gone" })])["saved-182d"]).toBe(
    "forget: gone",
  );
});
