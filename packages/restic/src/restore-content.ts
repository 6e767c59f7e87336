/** Writes the content of restore points. */
import { canMakeHoles } from "./restic-version.ts";
import { LONG_MS, type RunInRepository } from "./run-in-repository.ts";

export function restoreContent(run: RunInRepository, version: string) {
  return {
    /**
     * Restores the whole restore point below `target`, under its absolute paths. `cell` is an empty folder: restic works
     * in a cell there and can write nothing but the target. Throws `CannotConfine` where that cannot be had.
     */
    async restore(
      repositoryName: string,
      { id, target, cell }: { id: string; target: string; cell: string | undefined },
      signal?: AbortSignal,
    ) {
      const sparse = canMakeHoles(version) ? ["--sparse"] : [];
      await run(repositoryName, {
        attempt: `restore ${id.slice(0, 8)}`,
        args: ["restore", id, "--target", target, ...sparse],
        deadlineMs: LONG_MS,
        signal,
        cell: cell === undefined ? undefined : { root: cell, writable: [target] },
      });
      return { madeHoles: sparse.length > 0 };
    },
  };
}
