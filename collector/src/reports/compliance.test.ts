import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { reportCompliance } from "./compliance.ts";
import type { ComplianceFacts, FindingsFact, ScoreFact } from "./fleet-facts.ts";
import { fleetReport } from "./fleet-report.ts";
import { EMPTY_FACTS, NOW, hostFact } from "./testing/sample-facts.ts";

const NOTHING: ComplianceFacts = { score: undefined, owners: [], findings: [], notJudged: [] };

const scored = (score: number, ...ago: (readonly [days: number, score: number])[]): ScoreFact => ({
  score,
  open: 0,
  history: [...ago.map(([count, then]) => ({ day: NOW - days(count), score: then })), { day: NOW, score }],
});

const found = (check: string, facts: Partial<FindingsFact> = {}): FindingsFact => ({
  check,
  title: check,
  severity: "medium",
  owner: undefined,
  isWaived: false,
  count: 1,
  example: { host: "web-1", name: `one-of-${check}`, says: "is so" },
  ...facts,
});

test("a score stands beside what the days a week and a month ago ended with, or the last days before", () => {
  const trend = (score: ScoreFact) => {
    const { weekAgo, monthAgo } = reportCompliance({ ...NOTHING, score });
    return { weekAgo, monthAgo };
  };

  expect(trend(scored(80, [31, 50], [30, 55], [9, 60], [6, 70]))).toEqual({ weekAgo: 60, monthAgo: 55 });
  expect(trend(scored(80, [6, 70]))).toEqual({ weekAgo: undefined, monthAgo: undefined });
});

test("checks are told the worst first, waived ones last, with those of all owners together", () => {
  const { byCheck, open, waived } = reportCompliance({
    ...NOTHING,
    findings: [
      found("a", { isWaived: true, severity: "critical", count: 9 }),
      found("b", { count: 2, owner: "shop" }),
      found("b", { count: 3, isWaived: true }),
      found("b", { count: 4 }),
      found("c", { severity: "high" }),
      found("d", { count: 7 }),
    ],
  });

  expect(
    byCheck.map((line) => `${line.severity} ${line.check}: ${line.open}, ${line.waived} waived`),
  ).toEqual([
    "high c: 1, 0 waived",
    "medium d: 7, 0 waived",
    "medium b: 6, 3 waived",
    "critical a: 0, 9 waived",
  ]);
  expect(byCheck[2]?.example.owner).toBe("shop");
  expect({ open, waived }).toEqual({ open: 14, waived: 12 });
});

test("owners are told the lowest first; who has no score is not told", () => {
  const { byOwner } = reportCompliance({
    ...NOTHING,
    owners: [
      { owner: "good", ...scored(99) },
      { owner: "none", score: undefined, open: 0, history: [] },
      { owner: undefined, ...scored(40) },
    ],
  });

  expect(byOwner.map(({ owner, score }) => [owner, score])).toEqual([
    [undefined, 40],
    ["good", 99],
  ]);
});

test("critical and high findings are things to do, unless they are waived or told already", () => {
  const nextOf = (...findings: FindingsFact[]) =>
    fleetReport(
      { ...EMPTY_FACTS, hosts: [hostFact("web-1")], compliance: { ...NOTHING, findings } },
      NOW,
    ).next.map(({ urgency, what, why }) => `${urgency} ${what}: ${why}`);

  expect(
    nextOf(
      found("old", { severity: "high", count: 3, owner: "shop" }),
      found("evil", { severity: "critical" }),
      found("dull"),
      found("excused", { severity: "critical", isWaived: true }),
    ),
  ).toEqual([
    "now Mend 1 critical finding: evil: one-of-evil on web-1: is so",
    "soon Mend 3 high findings: old: for one one-of-old on web-1: is so",
  ]);
  expect(nextOf(found("volume-not-backed-up", { severity: "high" }))).toHaveLength(1);
});
