import { DAY_MS, days } from "@shipkeeper/kit";
import type { ApiFinding, ApiGate, ApiScore, ApiWaiver } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { NOW, page, runCommand } from "./testing/run-command.ts";

const lines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));

const FINDING: ApiFinding = {
  hostId: "0190e0a0-0000-4000-8000-000000000001",
  host: "web-1",
  check: "image-too-old",
  severity: "high",
  subject: "image",
  subjectId: "sha256:1",
  name: "web:1",
  says: "built 90 days ago (limit 60 days)",
  evidence: { ageMs: days(90), limitMs: days(60) },
  policy: "production",
  state: "open",
  firstSeenAt: NOW - days(3),
  lastSeenAt: NOW,
};

test("findings are asked for with their filters and told with their evidence", async () => {
  const { code, out, calls } = await runCommand(
    "findings --severity high --state all --check image-too-old --unowned",
    () => page(FINDING),
  );

  expect(code).toBe(0);
  expect(calls).toEqual([
    "GET /api/v1/findings?severity=high&state=all&check=image-too-old&unowned=true&limit=500",
  ]);
  expect(lines(out)[1]).toEqual([
    "high",
    "image-too-old",
    "web-1",
    "web:1",
    "built 90 days ago (limit 60 days)",
    "-",
    "3 days ago",
    "open",
  ]);
});

test("scores stand beside those of a week ago", async () => {
  const day = (count: number, score?: number) => ({
    day: NOW - (NOW % DAY_MS) - days(count),
    open: 1,
    checked: 9,
    ...(score === undefined ? {} : { score }),
  });
  const fleet: ApiScore = {
    scope: "fleet",
    score: 82,
    open: 4,
    checked: 50,
    history: [day(20, 60), day(9, 70), day(6, 80), day(0, 82)],
  };
  const nobody: ApiScore = { scope: "owner", open: 0, checked: 0, history: [day(0)] };

  const { out, calls } = await runCommand("compliance --days 20", () => page(fleet, nobody));

  expect(calls).toEqual(["GET /api/v1/compliance?days=20"]);
  expect(lines(out).slice(1)).toEqual([
    ["fleet", "-", "82", "70", "60", "4", "50"],
    ["owner", "(nobody)", "-", "-", "-", "0", "0"],
  ]);
});

test("waivers say what they waive and that they have ended", async () => {
  const waiver: ApiWaiver = {
    policy: "production",
    finding: "image-too-old",
    match: { image: "web:*", host: "web-*" },
    reason: "slow vendor",
    owner: "shop",
    until: NOW,
    daysLeft: 0,
    ended: true,
    waives: 3,
  };

  const { out } = await runCommand("waivers", () => page(waiver));

  expect(lines(out)[1]).toEqual([
    "production",
    "image-too-old",
    "image web:*, host web-*",
    "3",
    "has ended",
    "shop",
    "slow vendor",
  ]);
});

const GATE: ApiGate = {
  image: "web:1",
  allowed: false,
  why: "refused: of 2 rules 1 refused, 1 allowed",
  known: [],
  rules: [
    {
      policy: "production",
      check: "image-too-old",
      severity: "medium",
      verdict: "refused",
      says: "built 90 days ago",
    },
    { policy: "production", check: "mutable-tag", severity: "medium", verdict: "allowed" },
  ],
};

test("a refused image ends a pipeline with 3, after naming every rule", async () => {
  const { code, out, err, calls } = await runCommand(
    "gate web:1 --policy production --labels ring=all",
    () => ({ body: GATE }),
  );

  expect(code).toBe(3);
  expect(calls).toEqual(["GET /api/v1/gate?image=web:1&policy=production&labels=ring=all"]);
  expect(lines(out).slice(1)).toEqual([
    ["refused", "production", "image-too-old", "built 90 days ago"],
    ["allowed", "production", "mutable-tag", "-"],
  ]);
  expect(err).toBe("web:1 refused: of 2 rules 1 refused, 1 allowed\n");
});

test("an allowed image lets a pipeline go on, and programs get the answer as it is", async () => {
  const allowed = { ...GATE, allowed: true, why: "allowed: of 1 rule 1 unknown" };

  const { code, out, calls } = await runCommand("gate web:1 --allow-unknown --json", () => ({
    body: allowed,
  }));

  expect(code).toBe(0);
  expect(calls).toEqual(["GET /api/v1/gate?image=web:1&allowUnknown=true"]);
  expect(JSON.parse(out)).toEqual(allowed);
});

test("a policy that is not in force is no reason to let an image through", async () => {
  const detail = "there is no policy prod";
  const { code, err } = await runCommand("gate web:1 --policy prod", () => ({
    status: 404,
    body: { detail },
  }));

  expect(code).toBe(1);
  expect(err).toContain(detail);
});
