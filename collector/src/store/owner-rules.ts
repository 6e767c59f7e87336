import type { HostLabels, OwnerRules } from "@shipkeeper/model";
import { selectsLabels, type PolicyBundle } from "@shipkeeper/policy";

/**
 * The owner rules for a host: those of the policies that select it, of all policies where none does, because what runs
 * on a host without a policy belongs to somebody, too. The first policy that says something about a name wins.
 */
export function ownerRulesFor({ policies }: PolicyBundle, labels: HostLabels): OwnerRules {
  const selecting = policies.filter((policy) => selectsLabels(policy.hosts, labels));
  const rules = (selecting.length > 0 ? selecting : policies).map((policy) => policy.owners);
  const map = new Map<string, OwnerRules["map"][string]>();
  for (const [name, owner] of rules.flatMap((rule) => Object.entries(rule.map))) {
    if (!map.has(name)) map.set(name, owner);
  }
  return { labels: [...new Set(rules.flatMap((rule) => rule.labels))], map: Object.fromEntries(map) };
}
