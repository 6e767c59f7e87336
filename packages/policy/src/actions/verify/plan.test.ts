import { days, HOUR_MS } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { volumeDataset } from "../../dataset/dataset.ts";
import type { Proof } from "../../dataset/proof.ts";
import { afterReading, everyByteReadSince, NOTHING_READ, sweepFacts, sweepOf } from "../../dataset/sweep.ts";
import { guardrailsSchema } from "../../guardrails.ts";
import { NOW, worldWith } from "../../testing/world.ts";
import { explainVerify, summarizeVerify } from "./explain.ts";
import { measureVerify } from "./outcome.ts";
import { planVerify } from "./plan.ts";
import { looksEveryMs, verifySpecSchema } from "./spec.ts";

type World = ReturnType<typeof worldWith>;
const spec = (keys: object = {}) => verifySpecSchema.parse({ of: "databases", to: ["local"], ...keys });
const point = (name: string, repository = "local", rule = "production/databases") => ({
  id: `${name}-in-${repository}`,
  at: NOW - HOUR_MS,
  repository,
  dataset: name.includes(":") ? name : volumeDataset(name),
  rule,
});
const proof = (level: Proof["level"], hoursAgo: number, facts: Partial<Proof> = {}): Proof => ({
  level,
  repository: "local",
  passed: true,
  at: NOW - hoursAgo * HOUR_MS,
  ...facts,
});
/** Read up to a place, each place an hour apart from the next, the last `hoursAgo`. */
const read = (to: number, hoursAgo: number, facts: Partial<Proof> = {}) =>
  proof("bytes", hoursAgo, {
    facts: {
      ...sweepFacts(afterReading(NOTHING_READ, { from: 0, to }, NOW - hoursAgo * HOUR_MS)),
      packs: 100,
    },
    ...facts,
  });
const whole = read(256, 1);

function worldOf(
  points: readonly ReturnType<typeof point>[],
  proofs: readonly Proof[] = [],
  facts: Partial<World> = {},
): World {
  const volumes = ["shop", "cache", "secret"].map((name) => plainVolume(name));
  const world = worldWith({ volumes }, facts);
  return { ...world, ledger: { ...world.ledger, restorePoints: points, proofs } };
}
const plan = (world: World, keys: object = {}) =>
  planVerify(spec(keys), world, "production/databases/verify");
const told = (world: World, keys: object = {}) =>
  plan(world, keys).verdicts.map(
    (verdict) => `${verdict.decision} ${verdict.target.name}: ${explainVerify(verdict)}`,
  );

test("what was never looked at is looked at: the smallest part of the bytes first, because nobody knows how large they are", () => {
  const world = worldOf([point("shop")]);

  expect(told(world)).toEqual([
    "sample volume:shop: from local, never compared",
    "read-subset local: part 1/256 of its bytes, none were read so far",
  ]);
  expect(plan(world).verdicts.map(({ expect: facts }) => facts)).toEqual([
    { repository: "local", restorePoint: "shop-in-local" },
    { repository: "local", subset: "1/256", from: 0, to: 1 },
  ]);
});

test("what was proven stays proven for as long as the rule says, whoever proved it", () => {
  const proofs = [
    proof("structure", 1),
    whole,
    proof("sample", 2, { dataset: "volume:shop" }),
    proof("sample", 30, { repository: "offsite", dataset: "volume:shop" }),
  ];

  expect(told(worldOf([point("shop")], proofs))).toEqual([
    "keep local: checked 1 hour ago, next 2030-01-31 20:15Z",
    "keep volume:shop: from local, compared 2 hours ago, next 2030-02-01 00:00Z",
  ]);
  expect(told(worldOf([point("shop")], proofs), { structure: "1h", sample: "2h", read: "90d" })).toEqual([
    "check-structure local: its structure was checked 1 hour ago",
    "sample volume:shop: from local, compared 2 hours ago",
  ]);
});

test("reading a part of the bytes checks the structure as well: one step does both", () => {
  const stale = worldOf([point("shop")], [proof("structure", 25), read(8, 21)]);

  expect(told(stale)).toContain("read-subset local: part 17/32 of its bytes, 3.12 % were read so far");
  expect(told(stale).filter((line) => line.includes("structure"))).toEqual([]);
});

test("found damage is looked at again in the same place, once the structure's span is over", () => {
  const damaged = { passed: false, message: "pack aa does not match" };
  const bytes = (hoursAgo: number) => read(64, hoursAgo, damaged);

  expect(told(worldOf([point("shop")], [proof("structure", 1), bytes(2)]))[1]).toMatch(/^keep local/);
  expect(told(worldOf([point("shop")], [proof("structure", 1), bytes(24)]))).toContain(
    "read-subset local: found damaged 1 day ago in part 3/32 of its bytes",
  );
  const structure = proof("structure", 24, damaged);
  expect(told(worldOf([point("shop")], [structure, read(256, 2)]))).toContain(
    "check-structure local: found damaged 1 day ago",
  );
});

test("only datasets with files that can be compared are", () => {
  const points = [
    point("shop"),
    point("secret"),
    point("gone"),
    point("bind:/srv/app"),
    point("dump:shop"),
    point("cache", "local", "production/others"),
    point("cache", "elsewhere"),
  ];
  const guardrails = guardrailsSchema.parse({ neverTouch: { volumes: ["^secret"] } });
  const ofDatasets = (world: World) => told(world).filter((line) => !line.includes(" local: "));

  expect(ofDatasets(worldOf(points, [], { guardrails }))).toEqual([
    "sample volume:shop: from local, never compared",
    "sample bind:/srv/app: from local, never compared",
    "refuse volume:secret: from local, never touched on this host (^secret)",
    "keep volume:gone: from local, the source is gone",
    "keep dump:shop: from local, has no files to compare with: a drill proves it",
  ]);
});

test("a list of volumes with gaps does not say that a source is gone", () => {
  const world = worldOf([point("gone")]);
  const gaps = [{ section: "volumes" as const, error: "timeout" }];

  expect(told({ ...world, inventory: { ...world.inventory, gaps } })).toContain(
    "sample volume:gone: from local, never compared",
  );
});

test("whose comparison is oldest goes first, and one run compares so many", () => {
  const names = Array.from({ length: 18 }, (_, index) => `bind:/srv/${String(index).padStart(2, "0")}`);
  const proofs = names.map((dataset, index) => proof("sample", 100 + index, { dataset }));
  const samples = plan(
    worldOf(
      names.map((name) => point(name)),
      proofs,
    ),
  ).verdicts.filter(({ target }) => target.type === "dataset");

  expect(samples.map(({ decision }) => decision)).toEqual([
    ...Array.from({ length: 16 }, () => "sample"),
    "wait",
    "wait",
  ]);
  expect(samples[0]?.target.name).toBe("bind:/srv/17");
  expect(explainVerify(samples[17]!)).toBe("from local, with the next run: one compares 16");
});

test("a repository is looked at where the host knows it and something is in it", () => {
  const world = worldOf([point("shop"), point("shop", "elsewhere")]);

  expect(told(world, { to: ["offsite", "elsewhere"] })).toEqual([
    "keep offsite: holds nothing of this host yet",
    "refuse elsewhere: this host knows no such repository",
  ]);
});

test("a proof from the future is the trace of a wrong clock, and proves nothing", () => {
  expect(told(worldOf([point("shop")], [proof("structure", -5), read(256, -5)]))).toContain(
    "read-subset local: part 1/256 of its bytes, none were read so far",
  );
});

/** Runs the rule by its own schedule and proves what it plans; returns the steps and whether all bytes were read in time. */
function simulate(
  forMs: number,
  keys: object,
  { packs, isOff = () => false }: { packs: number; isOff?: (now: number) => boolean },
) {
  const rule = spec(keys);
  const everyMs = looksEveryMs(rule);
  let proofs: Proof[] = [];
  let since: number | undefined;
  let oldestMs = 0;
  const looks: string[] = [];
  for (let now = NOW; now < NOW + forMs; now += everyMs) {
    if (isOff(now)) continue;
    const { verdicts } = planVerify(
      rule,
      { ...worldOf([point("dump:shop")], proofs), now },
      "production/databases/verify",
    );
    for (const { decision, expect: facts } of verdicts) {
      if (decision !== "check-structure" && decision !== "read-subset") continue;
      looks.push(decision);
      const earlier = proofs.find(({ level }) => level === "bytes");
      proofs = [{ ...proof("structure", 0), at: now }, ...(earlier === undefined ? [] : [earlier])];
      if (decision === "check-structure") continue;
      const stretch = { from: Number(facts?.["from"]), to: Number(facts?.["to"]) };
      const sweep = afterReading(sweepOf(earlier), stretch, now);
      const bytes = { ...proof("bytes", 0), at: now, facts: { ...sweepFacts(sweep), packs } };
      proofs = [proofs[0]!, bytes];
      since = everyByteReadSince(bytes);
    }
    if (since !== undefined) oldestMs = Math.max(oldestMs, now - since);
    else if (now - NOW > rule.read) oldestMs = Infinity;
  }
  return { looks, oldestMs };
}

test("every byte is read within the span, by a look or so a day where the repository is small", () => {
  const { looks, oldestMs } = simulate(days(70), {}, { packs: 500 });

  expect(oldestMs).toBeLessThanOrEqual(days(30));
  expect(looks.length).toBeLessThan(200);
});

test("every byte of a large repository is read within the span, in small parts", () => {
  const { looks, oldestMs } = simulate(days(35), {}, { packs: 20_000 });

  expect(oldestMs).toBeLessThanOrEqual(days(30));
  expect(looks.length).toBeGreaterThan(300);
});

test("a short span is kept, too, however seldom the rule looks", () => {
  expect(
    simulate(days(1), { read: "1h", structure: "1h", sample: "1d" }, { packs: 60_000 }).oldestMs,
  ).toBeLessThanOrEqual(HOUR_MS);
});

test("after two days without a look the sweep catches up", () => {
  const isOff = (now: number) => now > NOW + days(40) && now < NOW + days(42);

  expect(simulate(days(75), {}, { packs: 500, isOff }).oldestMs).toBeLessThanOrEqual(days(30));
});

test("the summary counts repositories and datasets", () => {
  expect(summarizeVerify(plan(worldOf([point("shop"), point("cache")])).verdicts)).toBe(
    "checks 1 repository, compares 2 datasets with the source",
  );
  expect(summarizeVerify([])).toBe("nothing is due");
});

test("looks are counted by what they found", () => {
  const target = { type: "repository", id: "local", name: "local" } as const;
  const step = { target, decision: "check-structure", startedAt: NOW, finishedAt: NOW } as const;
  const facts = { passed: true, packsRead: 3, filesEqual: 2, durationMs: 5 };

  expect(
    measureVerify({
      steps: [
        { ...step, status: "done", facts },
        { ...step, status: "done", facts: { ...facts, passed: false } },
        { ...step, status: "failed", error: "locked" },
      ],
    }),
  ).toEqual({ proofs: 2, foundBad: 1, packsRead: 6, filesCompared: 4, verifyMs: 10, failedSteps: 1 });
});
