/** Runs restic in the repositories that the configuration names, minds their locks, and notes how each use ends. */
import { setTimeout as pause } from "node:timers/promises";
import { DeadlinePassed, HOUR_MS, MINUTE_MS, SECOND_MS, assert, type Clock } from "@shipkeeper/kit";
import { isLocal, type Repositories, type Repository } from "./repository.ts";
import { ResticProblem } from "./restic-errors.ts";
import { runRestic, type ResticCall } from "./run-restic.ts";

/** For what reads or writes little. */
export const SHORT_MS = 2 * MINUTE_MS;
/** For what may read or write everything. */
export const LONG_MS = 12 * HOUR_MS;

/** How one use of a repository ended: well, or with an error. */
export interface RepositoryUse {
  /** The command of restic and what it was given. */
  readonly args: readonly string[];
  /** Whether it was what a copy reads. */
  readonly isSource?: boolean;
  readonly error?: unknown;
}
export type NoteUse = (repository: string, use: RepositoryUse) => void;

export interface RunOptions {
  readonly repositories: Repositories;
  readonly binary: string;
  /** For repositories that are reached over a network. */
  readonly cacheDir?: string | undefined;
  readonly noteUse?: NoteUse | undefined;
  readonly clock?: Clock | undefined;
  readonly wait?: ((ms: number, signal: AbortSignal | undefined) => Promise<unknown>) | undefined;
}

export interface RepositoryCall extends Omit<ResticCall, "binary" | "repository" | "from" | "cacheDir"> {
  /** The name of the repository that is copied from. */
  readonly from?: string | undefined;
}

/** restic in one repository after the other: the lines that it printed. */
export type RunInRepository = (repositoryName: string, call: RepositoryCall) => Promise<string[]>;

/** A repository that answered lately is not asked first. */
const REACHED_FOR_MS = 5 * MINUTE_MS;
const REACH_MS = 30 * SECOND_MS;

/** How long somebody else's lock is waited for, and how long each time. */
const LOCK_WAIT_MS = 10 * MINUTE_MS;
const FIRST_WAIT_MS = 2 * SECOND_MS;
const LONGEST_WAIT_MS = 15 * SECOND_MS;

/** Change nothing and need nothing to stay as it is: they go on beside whoever holds the lock. */
const LOOKS = ["snapshots", "stats", "cat", "ls", "find", "list", "diff"];
/** Read for long: they keep others from pruning where they can, and go on without a lock where they cannot. */
const READS = ["restore", "dump"];

export function runInRepository(options: RunOptions): RunInRepository {
  const { repositories, binary, cacheDir, noteUse, clock = Date.now } = options;
  const wait = options.wait ?? ((ms, signal) => pause(ms, undefined, { ...(signal && { signal }) }));
  const reachedAt = new Map<string, number>();

  return async (name, { from, ...call }) => {
    const repository = repositoryNamed(repositories, name);
    const source = from === undefined ? undefined : repositoryNamed(repositories, from);
    const run = (what: typeof call) => runRestic({ binary, cacheDir, repository, from: source, ...what });
    try {
      if (!isLocal(repository) && call.args[0] !== "init") await reach(repository, call.signal);
      const lines = await withLocks(run, call);
      reachedAt.set(name, clock());
      noteUse?.(name, { args: call.args });
      if (source !== undefined) noteUse?.(source.name, { args: call.args, isSource: true });
      return lines;
    } catch (error) {
      call.signal?.throwIfAborted(); // says nothing of the repository
      const problem = await blame(asProblem(error, repository, call), source, call);
      const isSource = source !== undefined && problemOf(problem)?.repository === source.name;
      if (!isSource) reachedAt.delete(name);
      noteUse?.(isSource ? source.name : name, {
        args: call.args,
        error: problem,
        ...(isSource && { isSource }),
      });
      throw problem;
    }
  };

  /** A copy opens two repositories, and restic does not say which it could not open: the source is asked alone. */
  async function blame(
    problem: unknown,
    source: Repository | undefined,
    { attempt, signal }: RepositoryCall,
  ): Promise<unknown> {
    const { code = "", repository } = problemOf(problem) ?? {};
    if (source === undefined || repository === source.name || !OF_OPENING.has(code)) return problem;
    const call = { attempt, args: ["cat", "config", "--no-lock"], deadlineMs: REACH_MS, signal };
    try {
      await runRestic({ binary, cacheDir, repository: source, ...call });
      return problem;
    } catch (error) {
      signal?.throwIfAborted();
      return asProblem(error, source, call);
    }
  }

  /** restic itself tries for a quarter of an hour to open a repository that does not answer. */
  async function reach(repository: Repository, signal: AbortSignal | undefined): Promise<void> {
    if (clock() - (reachedAt.get(repository.name) ?? -Infinity) < REACHED_FOR_MS) return;
    const args = ["cat", "config", "--no-lock"];
    const call = { attempt: "open it", args, deadlineMs: REACH_MS, signal };
    try {
      await runRestic({ binary, cacheDir, repository, ...call });
    } catch (error) {
      throw asProblem(error, repository, call);
    }
    reachedAt.set(repository.name, clock());
  }

  async function withLocks(run: (call: RepositoryCall) => Promise<string[]>, call: RepositoryCall) {
    const [command = ""] = call.args;
    const lockless = { ...call, args: [...call.args, "--no-lock"] };
    if (LOOKS.includes(command)) return run(lockless);
    const unlock = { attempt: "unlock", args: ["unlock"], deadlineMs: SHORT_MS, signal: call.signal };
    if (READS.includes(command)) return readingOn(run, { call, lockless });
    return awaitingLocks(run, { call, unlock });
  }

  /** Whoever prunes meanwhile can make it fail, and never make it wrong: what it reads is checked against its hash. */
  async function readingOn(
    run: (call: RepositoryCall) => Promise<string[]>,
    { call, lockless }: { call: RepositoryCall; lockless: RepositoryCall },
  ): Promise<string[]> {
    try {
      return await run(call);
    } catch (error) {
      if (!(error instanceof ResticProblem) || !CANNOT_LOCK.has(error.code)) throw error;
      return run(lockless);
    }
  }

  /**
   * `unlock` removes only locks that restic itself calls stale: of a dead process of this machine, or not refreshed for
   * half an hour. A live lock stays and is waited for.
   */
  async function awaitingLocks(
    run: (call: RepositoryCall) => Promise<string[]>,
    { call, unlock }: { call: RepositoryCall; unlock: RepositoryCall },
  ): Promise<string[]> {
    const giveUpAt = clock() + LOCK_WAIT_MS;
    for (let waitMs = 0; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2 || FIRST_WAIT_MS)) {
      try {
        return await run(call);
      } catch (error) {
        const isLocked = error instanceof ResticProblem && error.code === "repository_locked";
        if (!isLocked || clock() + waitMs >= giveUpAt) throw error;
        await wait(waitMs, call.signal);
        await run(unlock).catch(() => undefined); // the next try says what is wrong
      }
    }
  }
}

const problemOf = (error: unknown) => (error instanceof ResticProblem ? error : undefined);

const OF_OPENING: ReadonlySet<string> = new Set([
  "repository_password_wrong",
  "repository_absent",
  "repository_unreachable",
  "repository_damaged",
]);

const CANNOT_LOCK: ReadonlySet<string> = new Set([
  "repository_locked",
  "repository_read_only",
  "repository_full",
]);

export function repositoryNamed(repositories: Repositories, name: string): Repository {
  const settings = Object.hasOwn(repositories, name) ? repositories[name] : undefined;
  assert(settings !== undefined, `no repository is called ${name}`);
  return { name, ...settings };
}

/** A repository elsewhere that lets little work hang does not answer. */
function asProblem(error: unknown, repository: Repository, { attempt, deadlineMs }: RepositoryCall): unknown {
  if (!(error instanceof DeadlinePassed) || isLocal(repository) || deadlineMs >= LONG_MS) return error;
  const message = `cannot ${attempt} in repository ${repository.name}: it does not answer`;
  return new ResticProblem("repository_unreachable", message, {
    cause: error,
    repository: repository.name,
  });
}
