import type { RecordedContainer } from "./host-configuration.ts";

/**
 * The containers so that each comes after those that it cannot do without. Among equals by name; in a circle somebody has
 * to be first.
 */
export function startOrder(containers: readonly RecordedContainer[]): RecordedContainer[] {
  const byName = new Map(containers.map((one) => [one.blueprint.name, one]));
  const ordered = new Set<RecordedContainer>();
  const waiting = new Set<RecordedContainer>();
  const place = (container: RecordedContainer): void => {
    if (ordered.has(container) || waiting.has(container)) return;
    waiting.add(container);
    for (const name of container.needs.toSorted()) {
      const needed = byName.get(name);
      if (needed !== undefined) place(needed);
    }
    ordered.add(container);
  };
  [...byName.keys()].toSorted().forEach((name) => place(byName.get(name)!));
  return [...ordered];
}
