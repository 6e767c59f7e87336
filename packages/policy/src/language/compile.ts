import { assert, DAY_MS, type Instant } from "@shipkeeper/kit";
import { NO_OWNER_RULES, type HostLabels, type OwnerRules } from "@shipkeeper/model";
import type { Exception, Policy, PolicyBundle, Rule } from "./policy.ts";
import { selectsLabels } from "./select.ts";

/** What a bundle says beside its policies; see `policyBundleSchema`. */
export interface BundleTerms {
  readonly revision: number;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly atOnce?: boolean | undefined;
  readonly keys?: readonly string[] | undefined;
}

/** All policies of a fleet as the one document that gets signed; the same policies in any order make the same bundle. */
export function compileBundle(
  policies: readonly Policy[],
  { revision, issuedAt, expiresAt, atOnce, keys }: BundleTerms,
): PolicyBundle {
  assert(expiresAt > issuedAt, "a bundle expires after it was issued");
  const names = new Set(policies.map(({ name }) => name));
  assert(names.size === policies.length, "policies of one bundle have different names");

  const sorted = [...policies].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    format: 1,
    revision,
    issuedAt,
    expiresAt,
    ...(atOnce === true ? { atOnce } : {}),
    ...(keys === undefined ? {} : { keys: [...keys] }),
    policies: sorted,
  };
}

/** A rule and the policy that it stands in. */
export interface PolicyRule {
  readonly policy: Policy;
  readonly rule: Rule;
}

export function policiesFor(bundle: PolicyBundle, hostLabels: HostLabels): Policy[] {
  return bundle.policies.filter(({ hosts }) => selectsLabels(hosts, hostLabels));
}

/** The rules of every policy that selects the host, in the bundle's order. */
export function rulesFor(bundle: PolicyBundle, hostLabels: HostLabels): PolicyRule[] {
  return policiesFor(bundle, hostLabels).flatMap((policy) => policy.rules.map((rule) => ({ policy, rule })));
}

/** What a rule leaves alone at a time. */
export function exceptionsFor(
  { policy, rule }: { policy: Pick<Policy, "exceptions">; rule: Pick<Rule, "name"> },
  now: Instant,
): Exception[] {
  return policy.exceptions.filter(
    ({ rule: only, until }) => now < until && (only === undefined || only === rule.name),
  );
}

/** How owners are found on the host. Where two policies map one owner's name, the first in the bundle counts. */
export function ownersFor(bundle: PolicyBundle, hostLabels: HostLabels): OwnerRules {
  return policiesFor(bundle, hostLabels).reduce(
    (all, { owners }) => ({
      labels: [...new Set([...all.labels, ...owners.labels])],
      map: { ...owners.map, ...all.map },
    }),
    NO_OWNER_RULES,
  );
}

/** What policies say of the post-mortems of one host. */
export interface PostMortemTerms {
  readonly keepMs: number;
  readonly logLines: number;
}

export const POST_MORTEM_TERMS: PostMortemTerms = { keepMs: 30 * DAY_MS, logLines: 200 };

/** Of a host that several policies select they are kept for the longest of their times, with the fewest lines. */
export function postMortemTerms(bundle: PolicyBundle, hostLabels: HostLabels): PostMortemTerms {
  const said = policiesFor(bundle, hostLabels).flatMap(({ postMortems }) => postMortems ?? []);
  const times = said.flatMap(({ keepMs }) => keepMs ?? []);
  const lines = said.flatMap(({ logLines }) => logLines ?? []);
  return {
    keepMs: times.length === 0 ? POST_MORTEM_TERMS.keepMs : Math.max(...times),
    logLines: lines.length === 0 ? POST_MORTEM_TERMS.logLines : Math.min(...lines),
  };
}

/** What the memory of a rule's last run is kept under. What people name has no slash, so no two rules share a key. */
export function ruleKey(policyName: string, ruleName: string): string {
  return `${policyName}/${ruleName}`;
}
