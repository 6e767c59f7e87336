import { firstMatch, matchesPattern } from "@shipkeeper/kit";
import type { Labels } from "@shipkeeper/model";

interface Exceptions {
  readonly except: readonly string[];
  readonly exceptLabels: Labels;
}

/** The first exception of a rule that spares a thing: a pattern of its names, or one of its labels as `key=value`. */
export function exceptedBy(
  { except, exceptLabels }: Exceptions,
  names: readonly string[],
  labels: Labels,
): string | undefined {
  const pattern = firstMatch(except, names);
  if (pattern !== undefined) return pattern;
  const label = Object.entries(exceptLabels).find(
    ([key, wanted]) => Object.hasOwn(labels, key) && matchesPattern(wanted, labels[key] ?? ""),
  );
  return label === undefined ? undefined : label.join("=");
}
