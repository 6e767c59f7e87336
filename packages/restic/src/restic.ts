/**
 * Drives the restic program: what Shipkeeper asks of it, in Shipkeeper's words. It knows repositories, datasets and
 * restore points; when a dataset is due and what is told to whom is decided elsewhere. Each concern has a file beside.
 */
import type { Clock } from "@shipkeeper/kit";
import { backUp } from "./back-up.ts";
import { checkRepository } from "./check-repository.ts";
import { copyRestorePoint } from "./copy-restore-point.ts";
import { listContent } from "./list-content.ts";
import { listRestorePoints, type NoteSize } from "./list-restore-points.ts";
import { makeRepository } from "./make-repository.ts";
import type { Repositories } from "./repository.ts";
import { readResticVersion } from "./restic-version.ts";
import { restoreContent } from "./restore-content.ts";
import { retain } from "./retain.ts";
import { runInRepository, type NoteUse } from "./run-in-repository.ts";

export interface ResticOptions {
  readonly repositories: Repositories;
  /** Found on the PATH where it is not said. */
  readonly binary?: string;
  /** For repositories that are reached over a network. */
  readonly cacheDir?: string;
  readonly noteUse?: NoteUse;
  readonly noteSize?: NoteSize;
  readonly clock?: Clock;
  /** Between two tries to get a lock. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

export type Restic = NonNullable<Awaited<ReturnType<typeof openRestic>>>;

/** Undefined where there is no restic on this host. */
export async function openRestic({ repositories, binary = "restic", noteSize, ...options }: ResticOptions) {
  const version = await readResticVersion(binary);
  if (version === undefined) return undefined;

  const run = runInRepository({ repositories, binary, ...options });
  const listing = listRestorePoints(run, repositories, noteSize);
  return {
    version,
    repositoryNames: Object.keys(repositories) as readonly string[],
    ...makeRepository(run, repositories),
    ...listing,
    ...backUp(run, listing, options.clock),
    ...copyRestorePoint(run, listing),
    ...retain(run),
    ...restoreContent(run, version),
    ...checkRepository(run),
    ...listContent(run),
  };
}
