import { containerIdentity, type Container } from "@shipkeeper/model";
import type { Instant } from "@shipkeeper/kit";
import type { RestartAttempt, World } from "../../round/world.ts";
import { triesOfSickness, triesSinceHand, triesWithin } from "./budget.ts";
import { diagnose, type Diagnosis } from "./diagnose.ts";
import type { RestartSpec } from "./spec.ts";

/** A container, what it has, and what was tried. */
export interface Patient {
  readonly container: Container;
  readonly diagnosis: Diagnosis | undefined;
  /** Since it was last well. */
  readonly tries: readonly RestartAttempt[];
  /** What counts against its budget: these, and all within the budget's time. */
  readonly spent: readonly RestartAttempt[];
  /** When it fell ill, or now. */
  readonly since: Instant;
}

export function examine(container: Container, world: World, spec: RestartSpec): Patient {
  const { now, ledger, signals } = world;
  const diagnosis = diagnose(container, world, spec);
  // A container that starts anew is not well yet: the sickness of before goes on until its check has answered.
  const since = diagnosis?.since ?? container.health.unhealthySince ?? now;
  const known = ledger.restarts.get(containerIdentity(container)) ?? [];
  const all = triesSinceHand(known, signals.touches.get(container.id));
  const tries = triesOfSickness(all, since, container);
  const lately = triesWithin(all, spec.budget.per, now);
  return { container, diagnosis, tries, spent: lately.length > tries.length ? lately : tries, since };
}

/** Whether anything tells how a container is. */
export function isWatched({ id, health, healthCheck }: Container, { signals }: World): boolean {
  return health.status !== "none" || healthCheck !== undefined || signals.probes.has(id);
}

/** Whether a diagnosis says enough of a container for others to be judged by it: one bad answer of a probe does not. */
export function isAiling({ diagnosis }: Patient): boolean {
  return diagnosis !== undefined && (diagnosis.confirmed || diagnosis.sign === "unhealthy");
}
