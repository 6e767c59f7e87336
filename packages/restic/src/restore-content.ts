/** Writes the content of restore points. */
import { canMakeHoles } from "./restic-version.ts";
import { LONG_MS, type RunInRepository } from "./run-in-repository.ts";

export function restoreContent(run: RunInRepository, version: string) {
  return {
    /** Restores the whole restore point below `target`, under its absolute paths. */
    async restore(
      repositoryName: string,
      { id, target }: { id: string; target: string },
      signal?: AbortSignal,
    ) {
      const sparse = canMakeHoles(version) ? ["--sparse"] : [];
      await run(repositoryName, {
        attempt: `restore ${id.slice(0, 8)}`,
        args: ["restore", id, "--target", target, ...sparse],
        deadlineMs: LONG_MS,
        signal,
      });
      return { madeHoles: sparse.length > 0 };
    },
  };
}
