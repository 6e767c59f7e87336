import type { Instant } from "./instant.ts";

interface Timed {
  readonly at: Instant;
}

/** Of several at the same time the first; undefined where there is none. */
export function newest<One extends Timed>(all: readonly One[]): One | undefined {
  return all.reduce<One | undefined>(
    (best, one) => (best === undefined || one.at > best.at ? one : best),
    undefined,
  );
}

/** The newest of those that share a key, in the order in which the keys come first. */
export function newestOfEach<One extends Timed>(all: readonly One[], keyOf: (one: One) => string): One[] {
  return [...Map.groupBy(all, keyOf).values()].flatMap((alike) => newest(alike) ?? []);
}
