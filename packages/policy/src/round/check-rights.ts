import { matchesPattern } from "@shipkeeper/kit";
import type { PolicyBundle } from "../language/policy.ts";
import { isOpenByTheClock } from "./check-windows.ts";
import type { PlannedRule } from "./round.ts";
import type { World } from "./world.ts";

/** What leaves everything that it touches where it was. */
const HARMLESS: ReadonlySet<string> = new Set(["backup", "verify", "drill", "rebuild", "restart"]);

/** A rule acts only where a signed policy that selects the host says so, and only while it is in force. */
export function checkRights(
  planned: PlannedRule,
  { now, hostLabels, guardrails }: World,
  bundle: PolicyBundle,
): string[] {
  const policy = bundle.policies.find(({ name }) => name === planned.policy);
  const rule = policy?.rules.find(({ name }) => name === planned.rule);
  if (policy === undefined || rule === undefined) return ["no such rule in the bundle"];

  const wanted = Object.entries(policy.hosts);
  const selected = wanted.every(([key, pattern]) => {
    const value = Object.hasOwn(hostLabels, key) ? hostLabels[key] : undefined;
    return value !== undefined && matchesPattern(pattern, value);
  });

  const violations: string[] = [];
  if (wanted.length === 0 || !selected) violations.push("its policy does not select the host");
  if (rule.kind !== planned.kind) violations.push(`is a ${rule.kind}, planned as ${planned.kind}`);
  if (planned.mode === "enforce") {
    if (rule.mode !== "enforce") violations.push("enforces what the policy only observes");
    if (rule.windows !== undefined && !isOpenByTheClock(rule.windows, now)) {
      violations.push("enforces outside its windows");
    }
    const { windows } = guardrails;
    if (windows.length > 0 && !HARMLESS.has(rule.kind) && !isOpenByTheClock(windows, now)) {
      violations.push("enforces outside the host's windows");
    }
    if (now >= bundle.expiresAt) violations.push("enforces an expired policy");
    if (planned.heldBackBy !== undefined) violations.push("is held back and enforces all the same");
  }
  return violations;
}
