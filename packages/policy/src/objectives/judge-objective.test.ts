import { DAY_MS, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import type { Proof, ProofLevel } from "../dataset/proof.ts";
import { NOW } from "../testing/world.ts";
import type { Agreement, PointFact } from "./agreement.ts";
import { judgeObjective, worstGap } from "./judge-objective.ts";
import { stateAt, turnsOf, worstTurns } from "./state-at.ts";

const AGREED: Agreement = {
  dataset: "volume:data",
  rule: "production/databases",
  repositories: ["local", "offsite"],
  rpoMs: HOUR_MS,
  rtoMs: 10 * MINUTE_MS,
  structureMs: DAY_MS,
  keptMs: 30 * DAY_MS,
};

const point = (id: string, agoMs: number, repository = "local"): PointFact => ({
  id,
  dataset: "volume:data",
  repository,
  at: NOW - agoMs,
  bytes: 1_000_000,
});

const proof = (level: ProofLevel, agoMs: number, facts: Partial<Proof> = {}): Proof => ({
  level,
  at: NOW - agoMs,
  repository: "local",
  passed: true,
  ...facts,
});
const listed = (restorePoint: string, facts: Partial<Proof> = {}) =>
  proof("listed", 0, { dataset: "volume:data", restorePoint, ...facts });
const drill = (agoMs: number, facts: Proof["facts"], more: Partial<Proof> = {}) =>
  proof("drill", agoMs, { dataset: "volume:data", ...(facts && { facts }), ...more });

const judge = (points: readonly PointFact[], proofs: readonly Proof[], more: Partial<Agreement> = {}) =>
  judgeObjective({ ...AGREED, ...more }, { points, proofs, offsite: new Set(["offsite"]) }, NOW);
const vouchedId = (...args: Parameters<typeof judge>) => judge(...args).vouched?.restorePoint;

test("the newest restore point counts once it is listed and its repository's structure is whole", () => {
  const points = [point("a", 50 * MINUTE_MS), point("b", 5 * MINUTE_MS)];

  expect(vouchedId(points, [])).toBeUndefined();
  expect(vouchedId(points, [proof("structure", HOUR_MS)])).toBeUndefined();
  expect(vouchedId(points, [listed("b")])).toBeUndefined();
  expect(judge(points, [proof("structure", HOUR_MS), listed("b")]).vouched).toEqual({
    restorePoint: "b",
    repository: "local",
    at: NOW - 5 * MINUTE_MS,
    until: NOW - HOUR_MS + 2 * DAY_MS,
  });
});

test("a proof of structure counts for twice its term, to the millisecond", () => {
  const points = [point("a", MINUTE_MS)];

  expect(vouchedId(points, [proof("structure", 2 * DAY_MS - 1), listed("a")])).toBe("a");
  expect(vouchedId(points, [proof("structure", 2 * DAY_MS), listed("a")])).toBeUndefined();
});

test.each<[string, Proof]>([
  ["whose structure was found broken since", proof("structure", 0, { passed: false })],
  ["of which a byte was found flipped", proof("bytes", 9 * DAY_MS, { passed: false })],
])("nothing counts of a repository %s", (_, found) => {
  expect(vouchedId([point("a", 1)], [proof("structure", HOUR_MS), listed("a"), found])).toBeUndefined();
});

test("a restore point that is implausible, unlike its source or gone does not count", () => {
  const good = [proof("structure", HOUR_MS), listed("a")];
  const unlike = proof("sample", 0, { dataset: "volume:data", restorePoint: "a", passed: false });

  expect(vouchedId([point("a", 1)], [...good, listed("a", { passed: false })])).toBeUndefined();
  expect(vouchedId([point("a", 1)], [...good, unlike])).toBeUndefined();
  expect(vouchedId([], good)).toBeUndefined();
});

test("a restore point that is implausible leaves the one before it as good as it was", () => {
  const points = [point("a", 50 * MINUTE_MS), point("b", 1)];
  const proofs = [proof("structure", HOUR_MS), listed("a", { at: NOW - 2 }), listed("b", { passed: false })];

  expect(vouchedId(points, proofs)).toBe("a");
});

test("a restore point of the far future does not count", () => {
  const proofs = (id: string) => [proof("structure", HOUR_MS), listed(id)];

  expect(vouchedId([point("a", -5 * MINUTE_MS)], proofs("a"))).toBe("a");
  expect(vouchedId([point("a", -5 * MINUTE_MS - 1)], proofs("a"))).toBeUndefined();
});

test("off-site copies are judged by themselves, and the worse is how the dataset stands", () => {
  const points = [point("a", MINUTE_MS), point("b", 59 * MINUTE_MS, "offsite")];
  const proofs = [
    proof("structure", 0),
    listed("a"),
    proof("structure", 0, { repository: "offsite" }),
    listed("b", { repository: "offsite" }),
  ];

  const turns = turnsOf(judge(points, proofs, { rtoMs: undefined }), 0);

  expect(turns.rpo && stateAt(turns.rpo, NOW)).toBe("met");
  expect(turns.offsiteRpo && stateAt(turns.offsiteRpo, NOW)).toBe("at-risk");
  expect(stateAt(worstTurns(Object.values(turns)), NOW)).toBe("at-risk");
  expect(stateAt(worstTurns(Object.values(turns)), NOW + 2 * MINUTE_MS)).toBe("broken");
  expect(judge(points, proofs, { repositories: ["local"] }).offsite).toBeUndefined();
});

test("the time to have it back is what the last passed drill took, and counts for nothing after a failed one", () => {
  const proofs = [drill(2 * DAY_MS, { rtoMs: 240_000 })];

  expect(judge([], proofs).rto).toEqual({
    ms: 240_000,
    isMeasured: true,
    at: NOW - 2 * DAY_MS,
    hasFailedSince: false,
  });
  expect(judge([], [...proofs, drill(DAY_MS, undefined, { passed: false })]).rto).toMatchObject({
    hasFailedSince: true,
  });
});

test("where nothing was drilled, the time is reckoned from how slowly others of the host came back", () => {
  const other = { dataset: "volume:other" };
  const proofs = [
    drill(DAY_MS, { rtoMs: 9_000, bytes: 5_000, restoreMs: 500 }, other),
    drill(DAY_MS, { rtoMs: 9_000, bytes: 100_000, restoreMs: 500 }, { ...other, repository: "offsite" }),
    drill(DAY_MS, { rtoMs: 9_000, bytes: 1, restoreMs: 99 }, { dataset: "volume:small" }),
  ];

  expect(judge([point("a", 1)], proofs).rto).toEqual({
    ms: 100_000,
    isMeasured: false,
    hasFailedSince: false,
  });
  expect(judge([point("a", 1)], []).rto).toBeUndefined();
});

test("the highest rung that holds is told, of the repository where it is highest, and every one that was found bad", () => {
  const proofs = [
    listed("a", { at: NOW - 1 }),
    proof("structure", 5),
    proof("bytes", 2, { passed: false }),
    proof("structure", 3, { repository: "offsite" }),
    proof("sample", 4, { dataset: "volume:other" }),
  ];

  const { proven, failed } = judge([], proofs);

  expect(proven).toEqual({ level: "structure", repository: "offsite", at: NOW - 3 });
  expect(failed).toEqual([{ level: "bytes", repository: "local", at: NOW - 2 }]);
});

test("the worst gap counts what goes on now and what reaches into the span, and nothing before it", () => {
  const gap = (agesMs: number[], keptMs = 30 * DAY_MS) =>
    worstGap(
      agesMs.map((ms) => ({ at: NOW - ms })),
      { keptMs },
      NOW,
    );
  const H = HOUR_MS;

  expect(gap([])).toBeUndefined();
  expect(gap([5 * H, 4 * H, H])).toEqual({ gapMs: 3 * H, overMs: 30 * DAY_MS });
  expect(gap([5 * H, 4 * H, 3.5 * H])?.gapMs).toBe(3.5 * H);
  expect(gap([50 * H, 40 * H, 24 * H], DAY_MS)).toEqual({ gapMs: 24 * H, overMs: DAY_MS });
  expect(gap([90 * H, 25 * H, H], DAY_MS)?.gapMs).toBe(24 * H);
});
