/**
 * What only the fleet itself can tell of a policy: whether it selects anybody. A label that is misspelt is no mistake in
 * the language, so that a policy would wait for ever for hosts that do not come.
 */
import { matchesPattern, suggest } from "@shipkeeper/kit";
import { labelsOfHost, type HostLabels } from "@shipkeeper/model";
import type { Policy } from "./policy.ts";
import { selectsLabels } from "./select.ts";
import type { Path } from "./yaml-document.ts";

/** A mistake that is found after parsing, by the policy and the path in it. */
export interface LateProblem {
  readonly policy: string;
  readonly path: Path;
  readonly message: string;
}

/** Every policy that selects none of the hosts, with what its author probably meant. A fleet without hosts has none. */
export function hostsProblems(
  policies: readonly Pick<Policy, "name" | "hosts">[],
  hosts: readonly { readonly hostname: string; readonly labels: HostLabels }[],
): LateProblem[] {
  const fleet = hosts.map(labelsOfHost);
  if (fleet.length === 0) return [];
  return policies.flatMap(({ name, hosts: wanted }) => {
    if (fleet.some((labels) => selectsLabels(wanted, labels))) return [];
    const odd = Object.entries(wanted).flatMap(([key, pattern]) => {
      const message = keyProblem(key, pattern, fleet);
      return message === undefined
        ? []
        : [{ policy: name, path: ["hosts", key], message: `hosts: ${message}` }];
    });
    const message = "hosts: selects no host: every label is there, but no host has all of them";
    return odd.length > 0 ? odd : [{ policy: name, path: ["hosts"], message }];
  });
}

const MOST_SHOWN = 10;

function keyProblem(key: string, pattern: string, fleet: readonly HostLabels[]): string | undefined {
  const values = fleet.flatMap((labels) => (Object.hasOwn(labels, key) ? [labels[key] ?? ""] : []));
  if (values.length === 0) {
    return `selects no host: no host has the label ${key}, ${meant(key, fleet.flatMap(Object.keys))}`;
  }
  if (values.some((value) => matchesPattern(pattern, value))) return undefined;
  return `selects no host: no host has ${key} ${pattern}, ${meant(pattern, values)}`;
}

function meant(word: string, known: readonly string[]): string {
  const all = [...new Set(known)].sort();
  const nearest = suggest(word, all);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  const more = all.length > MOST_SHOWN ? `, … (${all.length})` : "";
  return `there are ${all.slice(0, MOST_SHOWN).join(", ")}${more}`;
}
