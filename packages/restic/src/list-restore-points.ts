/** What a repository holds of Shipkeeper's. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { OURS } from "./tags.ts";
import { readSize, readSnapshots, type ContentSize, type Snapshot } from "./answers.ts";
import { isLocal, type Repositories } from "./repository.ts";
import { repositoryNamed, SHORT_MS, type RunInRepository } from "./run-in-repository.ts";

export interface SnapshotFilter {
  readonly hostId?: string;
  readonly tags?: readonly string[];
}

/** Some files could not be read: kept for need, and never taken for a restore point. */
export const INCOMPLETE = "incomplete";

/** Told what a repository takes on its disk whenever that was measured. */
export type NoteSize = (repository: string, bytes: number) => void;

export function listRestorePoints(run: RunInRepository, repositories: Repositories, noteSize?: NoteSize) {
  return {
    /**
     * Ids of all restore points in a local repository, whoever made them: restic names their files so. Undefined where it
     * is elsewhere, or cannot be read: then only restic can tell.
     */
    async heldIds(repositoryName: string): Promise<ReadonlySet<string> | undefined> {
      const repository = repositoryNamed(repositories, repositoryName);
      if (!isLocal(repository)) return undefined;
      const names = await readdir(join(repository.url, "snapshots")).catch(() => undefined);
      return names && new Set(names);
    },

    /** Restore points of Shipkeeper in the repository, oldest first. Incomplete ones are none. */
    async snapshots(
      repositoryName: string,
      filter: SnapshotFilter,
      signal?: AbortSignal,
    ): Promise<Snapshot[]> {
      const tags = [OURS, ...(filter.tags ?? [])].join(",");
      const host = filter.hostId === undefined ? [] : ["--host", filter.hostId];
      const lines = await run(repositoryName, {
        attempt: "list restore points",
        args: ["snapshots", "--json", "--tag", tags, ...host],
        deadlineMs: SHORT_MS,
        signal,
      });
      const listed = readSnapshots(lines);
      const incomplete = listed.filter((one) => one.tags.includes(INCOMPLETE));
      // Where nothing can be deleted, the marked one stands beside the one that it was made from.
      const passedOver = new Set(incomplete.flatMap(({ id, original }) => [id, original]));
      return listed.filter(({ id }) => !passedOver.has(id));
    },

    /** What the repository takes on its disk. */
    async storedBytes(repositoryName: string, signal?: AbortSignal): Promise<number> {
      const args = ["stats", "--json", "--mode", "raw-data"];
      const lines = await run(repositoryName, { attempt: "measure it", args, deadlineMs: SHORT_MS, signal });
      const { bytes } = readSize(lines);
      noteSize?.(repositoryName, bytes);
      return bytes;
    },

    /** What restoring these writes, all of them together. */
    async sizeOf(
      repositoryName: string,
      ids: readonly [string, ...string[]],
      signal?: AbortSignal,
    ): Promise<ContentSize> {
      const lines = await run(repositoryName, {
        attempt: `measure ${ids[0].slice(0, 8)}${ids.length > 1 ? ` and ${ids.length - 1} more` : ""}`,
        args: ["stats", "--json", "--mode", "restore-size", ...ids],
        deadlineMs: SHORT_MS,
        signal,
      });
      return readSize(lines);
    },
  };
}
