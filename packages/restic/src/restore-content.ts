/** Writes the content of restore points. */
import { canMakeHoles, canResume } from "./restic-version.ts";
import { LONG_MS, type RunInRepository } from "./run-in-repository.ts";

export interface RestoreRequest {
  readonly id: string;
  readonly target: string;
  /** An empty folder: restic works in a cell there and can write nothing but the target. */
  readonly cell: string | undefined;
  /** Absolute paths as they were saved; everything where undefined. */
  readonly include?: readonly string[] | undefined;
  /** Called with the id of restic's process. */
  readonly onStart?: ((pid: number) => void) | undefined;
}

export function restoreContent(run: RunInRepository, version: string) {
  return {
    /** Whether zeros become holes again. */
    makesHoles: canMakeHoles(version),
    /** Whether a restore into what an interrupted one left goes on from there. */
    resumes: canResume(version),

    /**
     * Restores the restore point below `target`, under its absolute paths. Throws `CannotConfine` where a cell is asked
     * for and cannot be had.
     */
    async restore(
      repositoryName: string,
      { id, target, cell, include = [], onStart }: RestoreRequest,
      signal?: AbortSignal,
    ): Promise<void> {
      const sparse = canMakeHoles(version) ? ["--sparse"] : [];
      const goOn = canResume(version) ? ["--overwrite", "if-changed"] : [];
      const only = include.flatMap((path) => ["--include", escapePattern(path)]);
      await run(repositoryName, {
        attempt: `restore ${id.slice(0, 8)}`,
        args: ["restore", id, "--target", target, ...sparse, ...goOn, ...only],
        deadlineMs: LONG_MS,
        signal,
        onStart,
        cell: cell === undefined ? undefined : { root: cell, writable: [target] },
      });
    },
  };
}

/** A path as a pattern that matches nothing else. */
function escapePattern(path: string): string {
  return path.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);
}
