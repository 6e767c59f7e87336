/** Runs restic in the repositories that the configuration names, and minds their locks. */
import { MINUTE_MS, HOUR_MS, assert } from "@shipkeeper/kit";
import type { Repositories, Repository } from "./repository.ts";
import { ResticProblem } from "./restic-errors.ts";
import { runRestic, type ResticCall } from "./run-restic.ts";

/** For what reads or writes little. */
export const SHORT_MS = 2 * MINUTE_MS;
/** For what may read or write everything. */
export const LONG_MS = 12 * HOUR_MS;

export interface RunOptions {
  readonly repositories: Repositories;
  readonly binary: string;
  /** For repositories that are reached over a network. */
  readonly cacheDir?: string | undefined;
}

export type RepositoryCall = Omit<ResticCall, "binary" | "repository" | "cacheDir">;

/** restic in one repository after the other: the lines that it printed. */
export type RunInRepository = (repositoryName: string, call: RepositoryCall) => Promise<string[]>;

export function runInRepository({ repositories, binary, cacheDir }: RunOptions): RunInRepository {
  return (repositoryName, call) => {
    const repository = repositoryNamed(repositories, repositoryName);
    const run = (what: RepositoryCall) => runRestic({ binary, cacheDir, repository, ...what });
    const unlock = { attempt: "unlock", args: ["unlock"], deadlineMs: SHORT_MS, signal: call.signal };
    return unlockingStale(
      () => run(call),
      () => run(unlock),
    );
  };
}

export function repositoryNamed(repositories: Repositories, name: string): Repository {
  const settings = Object.hasOwn(repositories, name) ? repositories[name] : undefined;
  assert(settings !== undefined, `no repository is called ${name}`);
  return { name, ...settings };
}

/**
 * `unlock` removes only locks that restic itself calls stale: of a dead process of this machine, or not refreshed for
 * half an hour. A live lock stays, and the second try says so.
 */
async function unlockingStale<T>(work: () => Promise<T>, unlock: () => Promise<unknown>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ResticProblem) || error.code !== "repository_locked") throw error;
    await unlock();
    return await work();
  }
}
