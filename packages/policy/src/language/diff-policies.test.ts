import { expect, test } from "vitest";
import { diffPolicies, formatChange } from "./diff-policies.ts";
import { parsePolicy } from "./parse-policy.ts";
import { formatProblem } from "./problem.ts";

const NOW = Date.UTC(2030, 0, 31);
const RULES = `[
  { prune: host-cache, every: 6h, images: { unusedFor: 14d, except: ["base/*"] } },
  { restart: unhealthy, mode: enforce } ]`;

function policies(...texts: string[]) {
  const parsed = parsePolicy(
    texts.map((text, index) => ({ file: `${index}`, text })),
    { now: NOW },
  );
  expect(parsed.problems.map(formatProblem)).toEqual([]);
  return parsed.policies;
}
const policy = (rules = RULES, head = "") =>
  `{ policy: production, hosts: { environment: production }, ${head} rules: ${rules} }`;
const diff = (before: string[], after: string[]) =>
  diffPolicies(policies(...before), policies(...after)).map(formatChange);

test("the same policies differ in nothing, in whichever order they come", () => {
  const other = "{ policy: lab, hosts: { environment: lab } }";

  expect(diff([policy(), other], [other, policy()])).toEqual([]);
});

test("a changed value is told by its key in the words of the language", () => {
  const changed = RULES.replace("14d", "7d").replace(`["base/*"]`, `["base/*", "db:*"]`).replace("6h", "1h");

  expect(diff([policy()], [policy(changed)])).toEqual([
    "~ rule production/host-cache: images.except [base/*] → [base/*, db:*]",
    "~ rule production/host-cache: images.unusedFor 14d → 7d",
    "~ rule production/host-cache: schedule.everyMs 6 hours → 1 hour",
  ]);
});

test("a changed head, and values that come and go", () => {
  expect(diff([policy()], [policy(RULES, "rollout: { rings: [canary, all], bake: 2h },")])).toEqual(
    expect.arrayContaining([
      "~ policy production: rollout.bakeMs nothing → 2 hours",
      "~ policy production: rollout.rings nothing → [canary, all]",
    ]),
  );
});

test("rules and policies that are new or gone", () => {
  const rest = "[{ backup: databases, every: 1h, select: { volumes: [db] }, to: [local] }]";

  expect(diff([policy()], [policy(rest, "backups: { require: [] },")])).toEqual([
    "+ rule production/databases",
    "- rule production/host-cache",
    "- rule production/unhealthy",
  ]);
  expect(diff([policy()], ["{ policy: lab, hosts: { environment: lab } }"])).toEqual([
    "+ policy lab",
    "- policy production",
  ]);
});
