import type { Container } from "@shipkeeper/model";
import { dependenciesAmong } from "./dependencies.ts";

/**
 * Containers in the order in which they stop: who depends on another one before it, else by name. Reversed it is the order
 * in which they start. Where dependencies go round in a circle, the circle is cut somewhere.
 */
export function dependentsFirst(containers: readonly Container[]): Container[] {
  const byName = [...containers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const dependencies = dependenciesAmong(byName);
  const startOrder = new Set<Container>();
  const entered = new Set<Container>();
  const add = (container: Container) => {
    if (entered.has(container)) return;
    entered.add(container);
    for (const needed of dependencies(container).flat()) add(needed);
    startOrder.add(container);
  };
  // From the last name on, so that the reversed order goes by name where nothing else decides.
  for (const container of byName.toReversed()) add(container);
  return [...startOrder].toReversed();
}
