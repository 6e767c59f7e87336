/** Sick containers and what a restart rule makes of them, for tests. */
import type { Container } from "@shipkeeper/model";
import type { Plan } from "../actions/action.ts";
import { planRestart } from "../actions/restart/plan.ts";
import { restartSpecSchema } from "../actions/restart/spec.ts";
import { NO_SIGNALS, type Signals } from "../round/signals.ts";
import type { RestartAttempt, World } from "../round/world.ts";
import { container, NOW, unhealthy, worldWith } from "./world.ts";

/** What a rule with these keys makes of a world; left out, they have their defaults. */
export const planHealing = (world: World, spec: object = {}): Plan =>
  planRestart(restartSpecSchema.parse(spec), world);

/** The decision on the first container of the plan, and its reason. */
export function firstVerdict(world: World, spec: object = {}) {
  const [verdict] = planHealing(world, spec).verdicts;
  return { decision: verdict?.decision, ...verdict?.reason };
}

export type Try = readonly [agoMs: number, result: RestartAttempt["result"]];

export function tries(...told: readonly Try[]): RestartAttempt[] {
  return told.map(([agoMs, result]) => ({ at: NOW - agoMs, result, rung: "restart" }));
}

/** Container names → what was tried. */
export function withTries(world: World, all: Readonly<Record<string, readonly RestartAttempt[]>>): World {
  const restarts = new Map(Object.entries(all).map(([name, tried]) => [`name:${name}`, tried]));
  return { ...world, ledger: { ...world.ledger, restarts } };
}

/** A world with one container that is sick for hours, and its tries, said by how long ago they were. */
export function sick(told: readonly Try[], facts: Parameters<typeof unhealthy>[1] = {}): World {
  const world = worldWith({ containers: [unhealthy("web", { forSeconds: 36_000, ...facts })] });
  return withTries(world, { web: tries(...told) });
}

export function withSignals(world: World, signals: Partial<Signals>): World {
  return { ...world, signals: { ...NO_SIGNALS, ...signals } };
}

/** A running container whose health check is content. */
export function healthy(name: string, facts: Partial<Container> = {}): Container {
  const { healthCheck } = unhealthy(name);
  return container(name, {
    health: { status: "healthy", failingStreak: 0, log: [] },
    ...(healthCheck && { healthCheck }),
    ...facts,
  });
}

/** So many healthy containers that a few sick ones are no storm. */
export function bystanders(count = 20): Container[] {
  return Array.from({ length: count }, (_, index) => healthy(`well-${index}`));
}
