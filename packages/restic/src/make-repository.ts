/** Makes repositories where there are none. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { isLocal, type Repositories } from "./repository.ts";
import { ResticProblem } from "./restic-errors.ts";
import { repositoryNamed, SHORT_MS, type RunInRepository } from "./run-in-repository.ts";

export function makeRepository(run: RunInRepository, repositories: Repositories) {
  return {
    /** Makes the repository where there is none, wherever it is. Whether there was none. */
    async makeWhereAbsent(repositoryName: string, signal?: AbortSignal): Promise<boolean> {
      const look = { attempt: "open it", args: ["cat", "config"], deadlineMs: SHORT_MS, signal };
      try {
        await run(repositoryName, look);
        return false;
      } catch (error) {
        if (!(error instanceof ResticProblem) || error.code !== "repository_absent") throw error;
      }
      const call = { attempt: "make the repository", args: ["init"], deadlineMs: SHORT_MS, signal };
      await run(repositoryName, call);
      return true;
    },

    /** Adds a password, which restic takes from a file only. The ones before it stay good. */
    async addKey(repositoryName: string, passwordFile: string, signal?: AbortSignal): Promise<void> {
      const args = ["key", "add", "--new-password-file", passwordFile];
      await run(repositoryName, { attempt: "add a key", args, deadlineMs: SHORT_MS, signal });
    },

    /** Writes and removes a lock, which is all that listing the keys takes. */
    async tryToWrite(repositoryName: string, signal?: AbortSignal): Promise<void> {
      const call = { attempt: "write to it", args: ["key", "list"], deadlineMs: SHORT_MS, signal };
      await run(repositoryName, call);
    },

    /**
     * Makes the repository where its folder holds none. One that is reached over a network is never made. Data is cut in
     * pieces as in the repository `like`, where one is named, so that copies from there add only what changed.
     */
    async ensureRepository(
      repositoryName: string,
      { like, signal }: { like?: string | undefined; signal?: AbortSignal } = {},
    ): Promise<void> {
      const repository = repositoryNamed(repositories, repositoryName);
      if (!isLocal(repository) || (await exists(join(repository.url, "config")))) return;
      const args = ["init", ...(like === undefined ? [] : ["--copy-chunker-params"])];
      const call = { attempt: "make the repository", from: like, args, deadlineMs: SHORT_MS, signal };
      await run(repositoryName, call);
    },
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
