/** Puts a restore point of one repository into another one, as it is: its data is of the same moment. */
import type { Snapshot } from "./answers.ts";
import type { listRestorePoints } from "./list-restore-points.ts";
import { ResticProblem } from "./restic-errors.ts";
import { LONG_MS, type RunInRepository } from "./run-in-repository.ts";
import { tag } from "./tags.ts";

export interface CopyRequest {
  readonly from: string;
  /** The restore point in `from`. */
  readonly id: string;
  readonly hostId: string;
  readonly dataset: string;
  readonly runId: string;
}

type Listing = Pick<ReturnType<typeof listRestorePoints>, "snapshots">;

export function copyRestorePoint(run: RunInRepository, { snapshots }: Listing) {
  return {
    /** The copy, once its repository lists it. What is there already is not copied again. */
    async copy(
      repositoryName: string,
      { from, id, hostId, dataset, runId }: CopyRequest,
      signal?: AbortSignal,
    ): Promise<Snapshot> {
      const attempt = `copy ${dataset} from ${from} to ${repositoryName}`;
      await run(repositoryName, { attempt, from, args: ["copy", id], deadlineMs: LONG_MS, signal });
      const filter = { hostId, tags: [tag("dataset", dataset), tag("run", runId)] };
      const copied = (await snapshots(repositoryName, filter, signal)).at(-1);
      if (copied !== undefined) return copied;
      const message = `cannot ${attempt}: repository ${repositoryName} does not list the copy`;
      throw new ResticProblem("restic_failed", message);
    },
  };
}
