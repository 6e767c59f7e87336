import { matchesPattern } from "@shipkeeper/kit";
import type { Labels } from "@shipkeeper/model";
import type { World } from "./world.ts";

/** Whether the guardrails protect a thing by one of its names or labels. */
export function isProtected(
  { neverTouch }: World["guardrails"],
  patterns: readonly string[],
  names: readonly string[],
  labels: Labels,
): boolean {
  if (patterns.some((pattern) => names.some((name) => matchesPattern(pattern, name)))) return true;
  const written = Object.entries(labels).flatMap(([key, value]) => [key, `${key}=${value}`]);
  return neverTouch.labels.some((label) => written.includes(label));
}
