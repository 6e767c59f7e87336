/** Keeps what is known of the repositories of this host across restarts, and tells it when it changes. */
import type { Clock } from "@shipkeeper/kit";
import { standingDamage, type Proof } from "@shipkeeper/policy";
import type { RepositoryState } from "@shipkeeper/protocol";
import {
  backEndOf,
  isLocal,
  isOffsite,
  ResticProblem,
  type NoteUse,
  type Repositories,
  type RepositoryUse,
} from "@shipkeeper/restic";
import { afterUse, problemToTell, UNUSED, type RepositoryHealth } from "./health.ts";

export interface RepositoriesOptions {
  readonly repositories: Repositories;
  /** Lasts; by name. */
  readonly memory: {
    all(): ReadonlyMap<string, unknown>;
    save(changes: ReadonlyMap<string, unknown>): void;
  };
  /** Whether there is a recovery key for the repository. */
  readonly hasRecoveryKey: (repository: string) => boolean;
  /** What looking at its content found. */
  readonly proofs: { all(): readonly Proof[] };
  readonly clock: Clock;
  /** After each use. */
  readonly told: (states: readonly RepositoryState[]) => void;
}

export interface RepositoriesKept {
  readonly noteUse: NoteUse;
  /** What the repository takes on its disk. */
  noteSize(repository: string, bytes: number): void;
  states(): readonly RepositoryState[];
}

export function keepRepositories(options: RepositoriesOptions): RepositoriesKept {
  const { repositories, memory, hasRecoveryKey, proofs, clock, told } = options;
  const names = Object.keys(repositories);
  const remembered = memory.all();
  const known = new Map(
    names.map((name) => [name, (remembered.get(name) as RepositoryHealth | undefined) ?? UNUSED]),
  );
  const isGone = (name: string) => !names.includes(name);
  memory.save(
    new Map(
      Array.from(remembered.keys())
        .filter(isGone)
        .map((name) => [name, undefined]),
    ),
  );

  const healthOf = (name: string) => known.get(name) ?? UNUSED;
  const states = () => {
    const proven = proofs.all();
    return Object.entries(repositories).map(([name, settings]): RepositoryState => {
      const { lastOkAt, bytes, ...health } = healthOf(name);
      const damage = standingDamage(proven, name, clock());
      const problem =
        damage === undefined ? problemToTell(health) : { code: "repository_damaged" as const, ...damage };
      return {
        name,
        backEnd: backEndOf(settings),
        appendOnly: settings.appendOnly ?? false,
        offsite: isOffsite(settings),
        recoveryKey: hasRecoveryKey(name),
        ...(settings.costPerGb !== undefined && { costPerGb: settings.costPerGb }),
        ...(lastOkAt !== undefined && { lastOkAt }),
        ...(bytes !== undefined && { bytes }),
        ...(problem && { problem: { code: problem.code, message: problem.message, since: problem.since } }),
      };
    });
  };
  /** The first backup makes a folder's repository: until then that it is not there is no problem. */
  const isNotMadeYet = (name: string, { error }: RepositoryUse) => {
    const isAbsent = error instanceof ResticProblem && error.code === "repository_absent";
    const settings = repositories[name];
    return isAbsent && settings !== undefined && isLocal(settings) && healthOf(name).lastOkAt === undefined;
  };
  const note = (name: string, health: RepositoryHealth) => {
    known.set(name, health);
    memory.save(new Map([[name, health]]));
    told(states());
  };

  return {
    noteUse(name, use) {
      if (isNotMadeYet(name, use)) return;
      note(name, afterUse(healthOf(name), use, clock()));
    },
    noteSize: (name, bytes) => note(name, { ...healthOf(name), bytes }),
    states,
  };
}
