/** Makes repositories where there are none. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { isLocal, type Repositories } from "./repository.ts";
import { repositoryNamed, SHORT_MS, type RunInRepository } from "./run-in-repository.ts";

export function makeRepository(run: RunInRepository, repositories: Repositories) {
  return {
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
