import { DAY_MS, HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import type { Proof } from "../../dataset/proof.ts";
import { parsePolicy } from "../../language/parse-policy.ts";
import { formatProblem } from "../../language/problem.ts";
import { NOW, worldWith } from "../../testing/world.ts";
import { actionKind } from "../catalog.ts";
import { explainRebuild, summarizeRebuild } from "./explain.ts";
import { planRebuild } from "./plan.ts";
import { rebuildSpecSchema } from "./spec.ts";

const tried = (agoMs: number, facts: Partial<Proof> = {}): Proof => ({
  level: "drill",
  at: NOW - agoMs,
  repository: "offsite",
  dataset: "host:web-9",
  passed: true,
  ...facts,
});

function told(proofs: readonly Proof[], host = "web-9", repositories = ["offsite"]): string {
  const world = { ...worldWith({}), repositories };
  const ledger = { ...world.ledger, proofs };
  const spec = rebuildSpecSchema.parse({ host });
  const { verdicts } = planRebuild(spec, { ...world, ledger });
  const [verdict] = verdicts;
  return `${verdict?.decision}: ${verdict && explainRebuild(verdict)}; ${summarizeRebuild(verdicts)}`;
}

test("a host is rebuilt when its last proof is too old, and a day after it failed", () => {
  expect(told([])).toBe("rebuild: from offsite, never rebuilt; rebuilds web-9 for a try");
  expect(told([tried(91 * DAY_MS)])).toMatch(/^rebuild: from offsite, last rebuilt 91 days ago;/);
  expect(told([tried(89 * DAY_MS)])).toBe("keep: rebuilt 89 days ago (every 90 days); rebuilds nothing");
  const failed = tried(2 * HOUR_MS, { passed: false });
  expect(told([tried(DAY_MS), failed])).toMatch(/^keep: failed 2 hours ago, tried again after 1 day/);
  expect(told([{ ...failed, at: NOW - DAY_MS }])).toMatch(/^rebuild: from offsite, failed 1 day ago/);
});

test("only what was proven of this host from this repository counts", () => {
  const others = [tried(0, { dataset: "host:web-8" }), tried(0, { repository: "local" })];

  expect(told(others)).toMatch(/never rebuilt/);
});

test("a host does not rebuild itself, and nothing comes from a repository that it does not know", () => {
  const { hostId, hostLabels } = worldWith({});

  for (const self of [hostId, hostLabels["hostname"] ?? ""])
    expect(told([], self)).toBe(
      "refuse: it is this host: a lost host comes back on another one; rebuilds nothing",
    );
  expect(told([], "web-9", ["local"])).toMatch(/^refuse: this host knows no repository offsite/);
});

test("a policy says which host, and how often in `drill`", () => {
  const problems = (rule: string) =>
    parsePolicy([{ file: "p", text: `policy: p\nhosts: { hostname: web-2 }\nrules:\n  - ${rule}\n` }], {
      now: NOW,
    })
      .problems.map(formatProblem)
      .join("\n");

  expect(problems("{ rebuild: a, host: web-1 }")).toBe("");
  expect(problems("{ rebuild: a }")).toMatch(/host/);
  expect(problems("{ rebuild: a, host: web-1, every: 90d }")).toMatch(/`drill.every`/);
  expect(problems("{ rebuild: a, host: web-1, drill: { evry: 90d } }")).toMatch(/every/);
  expect(problems("{ rebuild: a, host: web-1 }\n  - { rebuild: b, host: web-1 }")).toMatch(
    /rebuilding host web-1/,
  );
  expect(actionKind("rebuild")?.schedule?.(rebuildSpecSchema.parse({ host: "web-1" }))).toEqual({
    everyMs: HOUR_MS,
  });
});
