/**
 * What a policy or a rule is about. A selector that says nothing selects nothing, wherever it stands.
 */
import { firstMatch, matchesPattern } from "@shipkeeper/kit";
import { type Container, type Labels, type Volume } from "@shipkeeper/model";

/** Every key must be there with a value that its pattern matches. */
export function selectsLabels(wanted: Labels, labels: Labels): boolean {
  const entries = Object.entries(wanted);
  return (
    entries.length > 0 &&
    entries.every(
      ([key, pattern]) => Object.hasOwn(labels, key) && matchesPattern(pattern, labels[key] ?? ""),
    )
  );
}

/** Names and labels that a rule is limited to; where both are given, both must match. */
export interface Selector {
  readonly names?: readonly string[] | undefined;
  readonly labels?: Labels | undefined;
}

export function selectsContainer(selector: Selector, container: Container): boolean {
  return selects(selector, { names: [container.name], labels: container.labels });
}

export function selectsVolume(selector: Selector, volume: Volume): boolean {
  return selects(selector, { names: [volume.name], labels: volume.labels });
}

function selects({ names, labels }: Selector, thing: { names: string[]; labels: Labels }): boolean {
  if (names === undefined && labels === undefined) return false;
  if (names !== undefined && firstMatch(names, thing.names) === undefined) return false;
  return labels === undefined || selectsLabels(labels, thing.labels);
}
