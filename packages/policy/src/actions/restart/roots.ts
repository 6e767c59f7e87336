/**
 * Who is to blame where several are sick together: a container that depends on one that is not well waits for it. The
 * dependencies may run in circles; then the one that fell ill first counts as the root.
 */
import type { Instant } from "@shipkeeper/kit";
import { isAlive, type Container } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { pendingTry, verifyMs } from "./budget.ts";
import { dependenciesAmong } from "../dependencies.ts";
import { wellSince } from "./health-log.ts";
import { isAiling, type Patient } from "./patient.ts";

/** How a container is that others depend on. */
export type RootState = "sick" | "not-running" | "starting" | "recovered";

export interface Root {
  readonly container: Container;
  readonly state: RootState;
  /** Of one that recovered: until when those who depend on it have time to recover as well. */
  readonly until?: Instant;
}

interface Trouble {
  readonly state: Exclude<RootState, "recovered">;
  readonly since: Instant;
}

/** Finds the root of a sick container; undefined where it is its own. */
export function rootsAmong(
  patients: readonly Patient[],
  world: World,
): (patient: Patient) => Root | undefined {
  const patientOf = new Map<string, Patient>(patients.map((one) => [one.container.id, one]));
  const troubleOf = new Map<string, Trouble>();
  for (const patient of patients) {
    const trouble = troubleWith(patient, world);
    if (trouble !== undefined) troubleOf.set(patient.container.id, trouble);
  }
  const dependencies = dependenciesAmong(patients.map(({ container }) => container));
  const reached = new Map<string, ReadonlySet<string>>();

  /** Everything that a container cannot do without, directly or not. Holds the container itself only in a circle. */
  function below(id: string): ReadonlySet<string> {
    const known = reached.get(id);
    if (known !== undefined) return known;
    const found = new Set<string>();
    const waiting = [id];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const container = patientOf.get(next)?.container;
      if (container === undefined) continue;
      for (const group of dependencies(container)) {
        const well = group.filter((one) => !troubleOf.has(one.id));
        for (const one of well.length > 0 ? well : group) {
          if (found.has(one.id)) continue;
          found.add(one.id);
          waiting.push(one.id);
        }
      }
    }
    reached.set(id, found);
    return found;
  }

  function rootInTrouble(patient: Patient): Root | undefined {
    const { id } = patient.container;
    const inTrouble = [...below(id)].filter((one) => troubleOf.has(one));
    // The deepest: whatever they depend on is well, or depends on them in turn.
    const deepest = inTrouble.filter((one) =>
      [...below(one)].every((other) => !troubleOf.has(other) || below(other).has(one)),
    );
    const [root] = deepest.sort((a, b) => sinceOf(a) - sinceOf(b) || (a < b ? -1 : 1));
    const found = root === undefined ? undefined : patientOf.get(root);
    const state = root === undefined ? undefined : troubleOf.get(root)?.state;
    if (found === undefined || state === undefined || root === id) return undefined;
    return { container: found.container, state };
  }

  /** What it depends on was in trouble while it was sick: with that well again it may recover by itself. */
  function rootRecovered({ container, since }: Patient): Root | undefined {
    const recovered = [...below(container.id)].flatMap((id): Root[] => {
      const one = patientOf.get(id)?.container;
      const wellAt = one === undefined ? undefined : wellSince(one);
      if (one === undefined || id === container.id || wellAt === undefined || wellAt <= since) return [];
      return [{ container: one, state: "recovered", until: wellAt + verifyMs(container) }];
    });
    return recovered
      .filter(({ until = 0 }) => world.now < until)
      .sort((a, b) => (b.until ?? 0) - (a.until ?? 0) || (a.container.id < b.container.id ? -1 : 1))[0];
  }

  const sinceOf = (id: string) => troubleOf.get(id)?.since ?? 0;
  return (patient) => rootInTrouble(patient) ?? rootRecovered(patient);
}

/** Why nobody who depends on a container can be well now; undefined where it serves. */
function troubleWith(patient: Patient, { now, inventory, signals }: World): Trouble | undefined {
  const { container, tries } = patient;
  const { state, startedAt, finishedAt, health } = container;
  if (isAiling(patient)) return { state: "sick", since: patient.since };
  const isServing = isAlive(container) && state !== "paused";
  const pending = pendingTry(tries, container, now);
  // Also between the stop and the start of a try.
  if (pending !== undefined && !(isServing && health.status === "healthy")) {
    return { state: "starting", since: Math.min(patient.since, pending.triedAt) };
  }
  if (!isServing) {
    const since = finishedAt ?? startedAt ?? inventory.takenAt;
    const stoppedBy = signals.touches.get(container.id)?.what;
    const wasStopped = stoppedBy === "stop" || stoppedBy === "kill";
    return isOver(container) && !wasStopped ? undefined : { state: "not-running", since };
  }
  const isStarting = health.status === "starting" && startedAt !== undefined;
  return isStarting && now < startedAt + verifyMs(container)
    ? { state: "starting", since: startedAt }
    : undefined;
}

/** A job that did its work, and that nothing starts again. */
function isOver({ state, exitCode, restartPolicy: { name } }: Container): boolean {
  return state === "exited" && exitCode === 0 && (name === "no" || name === "");
}
