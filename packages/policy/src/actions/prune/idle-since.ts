import type { Instant } from "@shipkeeper/kit";

/**
 * Since when nothing uses a thing, by the agent's own memory; undefined where it does not remember. What was made or
 * changed since, by the engine's word, is no older than that. A time in the future is no time that has passed.
 */
export function idleSince(
  remembered: Instant | undefined,
  { createdAt = 0 }: { readonly createdAt?: Instant | undefined },
  now: Instant,
): Instant | undefined {
  return remembered === undefined ? undefined : Math.max(remembered, Math.min(createdAt, now));
}

/** Orders by a time, then by id, so that equal ages give the same plan every time. What has no time comes last. */
export function byAge<T>(keyOf: (item: T) => [Instant | undefined, string]): (a: T, b: T) => number {
  return (a, b) => {
    const [first = Infinity, firstId] = keyOf(a);
    const [second = Infinity, secondId] = keyOf(b);
    if (first !== second) return first < second ? -1 : 1;
    return firstId < secondId ? -1 : 1;
  };
}
