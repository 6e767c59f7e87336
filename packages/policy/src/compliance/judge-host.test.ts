import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { CHECK_CODES, checks } from "./catalog.ts";
import { explainFinding } from "./finding.ts";
import { scoreOf } from "./score.ts";
import { judge, policyWith, running, told } from "../testing/judged.ts";
import { image, NOW } from "../testing/world.ts";

const OLD = { images: [image("web:1", { ageDays: 90 }), image("api:1", { ageDays: 90, owner: "shop" })] };

const waiver = (match: string, until: string) => `
images: { maxAge: 60d }
waivers:
  - { finding: image-too-old, match: ${match}, reason: the vendor is slow, owner: shop, until: ${until} }`;

test("a waived finding stays listed, counts as passed, and comes back when its waiver ends", () => {
  const policy = policyWith(waiver('{ image: "web:*" }', "2030-02-01"));

  const before = judge(policy, OLD);
  const after = judge(policy, OLD, { now: NOW + days(2) });

  expect(before.findings.map(({ subject, waived }) => [subject.name, waived?.reason])).toEqual([
    ["web:1", "the vendor is slow"],
    ["api:1", undefined],
  ]);
  expect(before.tallies.filter(({ check }) => check === "image-too-old")).toEqual([
    { check: "image-too-old", severity: "medium", checked: 1, passed: 1, waived: 1, unknown: 0 },
    {
      check: "image-too-old",
      severity: "medium",
      owner: "shop",
      checked: 1,
      passed: 0,
      waived: 0,
      unknown: 0,
    },
  ]);
  expect(after.findings.map(({ waived }) => waived)).toEqual([undefined, undefined]);
});

test.each([
  ['{ image: "web:*", host: "web-*" }', ["web:1"]],
  ['{ image: "web:*", host: "db-*" }', []],
  ['{ container: "web" }', []],
  ["{ image: web }", ["web:1"]],
])("a waiver that matches %s waives %j", (match, waived) => {
  const { findings } = judge(policyWith(waiver(match, "2031-01-01")), OLD);

  expect(findings.filter((finding) => finding.waived).map(({ subject }) => subject.name)).toEqual(waived);
});

test("a list with a gap is not judged at all, and says so", () => {
  const policy = policyWith("images: { maxAge: 60d, forbidTags: [latest] }");
  const gaps = [{ section: "images" as const, error: "timeout" }];

  const judgement = judge(policy, { ...OLD, containers: [running("web", "web:1")], gaps });

  expect(judgement.findings).toEqual([]);
  expect(judgement.skipped).toEqual([
    { check: "image-too-old", why: "the list of images could not be read completely" },
    { check: "image-age-unknown", why: "the list of images could not be read completely" },
  ]);
  expect(judgement.tallies.map(({ check }) => check)).toEqual(["mutable-tag"]);
});

test("of several policies with the same check all must be content, and the worst severity counts", () => {
  const strict = policyWith("images: { maxAge: 60d }\nseverity: { image-too-old: low }", "a-strict");
  const severe = policyWith("images: { maxAge: 365d }\nseverity: { image-too-old: critical }", "b-severe");

  const { findings, tallies } = judge([strict, severe], { images: [image("web:1", { ageDays: 90 })] });

  expect(findings).toMatchObject([{ severity: "critical", policy: "a-strict" }]);
  expect(tallies[0]).toMatchObject({ severity: "critical", checked: 1, passed: 0 });
});

test("a waiver of one policy does not excuse what another one forbids", () => {
  const waiving = policyWith(waiver('{ image: "*" }', "2031-01-01"), "a-waiving");
  const strict = policyWith("images: { maxAge: 60d }", "b-strict");

  expect(judge([waiving, strict], OLD).findings.map(({ policy, waived }) => [policy, waived])).toEqual([
    ["b-strict", undefined],
    ["b-strict", undefined],
  ]);
});

test("a check that this version does not know is left to the version that does", () => {
  const policy = policyWith("images: { labels: [a] }");
  const rule = { check: "from-the-future", severity: "high" as const, limit: 1 };

  const { tallies } = judge({ ...policy, checks: [rule, ...policy.checks] }, OLD);

  expect(tallies.map(({ check }) => check)).toEqual(["label-missing", "label-missing"]);
  expect(explainFinding({ check: "from-the-future", evidence: { sort: "new" } })).toBe(
    "from the future, sort new",
  );
});

test("a score weighs what was judged by its severity and never rounds up to faultless", () => {
  const tally = (severity: "critical" | "high" | "medium" | "low", passed: number, checked: number) => ({
    severity,
    passed,
    checked,
  });

  expect(scoreOf([tally("medium", 5, 10)])).toBe(50);
  expect(scoreOf([tally("critical", 0, 1), tally("low", 8, 8)])).toBe(50);
  expect(scoreOf([tally("high", 999, 1_000)])).toBe(99);
  expect(scoreOf([tally("low", 3, 3)])).toBe(100);
  expect(scoreOf([])).toBeUndefined();
});

test("every check answers to its own code and says what it is about in words", () => {
  for (const code of CHECK_CODES) {
    expect(checks[code].code).toBe(code);
    expect(checks[code].title).toMatch(/^[a-z]/);
  }
  expect(told(judge(policyWith(""), OLD))).toEqual({ found: {}, passed: "0 of 0" });
});
