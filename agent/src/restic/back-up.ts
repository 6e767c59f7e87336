/** Puts a folder into a repository as a restore point, and answers for it only once the repository lists it. */
import { stat } from "node:fs/promises";
import { readSummary, type BackupSummary, type Snapshot } from "./answers.ts";
import { INCOMPLETE, OURS, type listRestorePoints } from "./list-restore-points.ts";
import { ResticProblem } from "./restic-errors.ts";
import { LONG_MS, SHORT_MS, type RunInRepository } from "./run-in-repository.ts";

export interface BackupRequest {
  readonly hostId: string;
  readonly volume: string;
  /** Absolute: owner and mode of the volume's own root are part of the restore point. */
  readonly mountpoint: string;
  readonly policy: string;
  readonly rule: string;
  readonly runId: string;
}

export interface BackupMade {
  readonly snapshot: Snapshot;
  readonly bytes: number;
  readonly files: number;
  readonly addedBytes: number;
}

type Listing = Pick<ReturnType<typeof listRestorePoints>, "snapshots">;

export function backUp(run: RunInRepository, { snapshots }: Listing) {
  /** What one backup is known by in the repository. */
  const markOf = ({ volume, runId }: BackupRequest) => [`volume=${volume}`, `run=${runId}`];

  /** Up to 0.14 the summary shortens the id, and some versions leave it out: the repository's list has it whole. */
  async function madeOf(
    repositoryName: string,
    request: BackupRequest,
    summary: BackupSummary | undefined,
    signal?: AbortSignal,
  ): Promise<BackupMade> {
    const failed = (why: string) =>
      new ResticProblem("restic_failed", `cannot ${attemptOf(request)}: ${why}`);
    if (summary === undefined) throw failed("restic told no summary");
    const filter = { hostId: request.hostId, tags: markOf(request) };
    const listed = await snapshots(repositoryName, filter, signal);
    const snapshot = listed.find(({ id }) => id.startsWith(summary.snapshot_id ?? ""));
    if (snapshot === undefined) throw failed("the repository does not list the restore point");
    return {
      snapshot,
      bytes: summary.total_bytes_processed,
      files: summary.total_files_processed,
      addedBytes: summary.data_added,
    };
  }

  async function markIncomplete(repositoryName: string, request: BackupRequest): Promise<void> {
    const tags = [OURS, ...markOf(request)].join(",");
    await run(repositoryName, {
      attempt: "mark an incomplete restore point",
      args: ["tag", "--add", INCOMPLETE, "--host", request.hostId, "--tag", tags],
      deadlineMs: SHORT_MS,
    });
  }

  return {
    /** Throws `ResticProblem` of code `backup_incomplete` where some files could not be read. */
    async backUp(repositoryName: string, request: BackupRequest, signal?: AbortSignal): Promise<BackupMade> {
      const { volume, mountpoint, hostId, policy, rule } = request;
      await assertFolder(volume, mountpoint);
      const tags = [OURS, ...markOf(request), `policy=${policy}`, `rule=${rule}`];
      const tagArgs = tags.flatMap((tag) => ["--tag", tag]);
      try {
        const lines = await run(repositoryName, {
          attempt: attemptOf(request),
          args: ["backup", "--json", "--host", hostId, ...tagArgs, "--", mountpoint],
          deadlineMs: LONG_MS,
          signal,
        });
        return await madeOf(repositoryName, request, readSummary(lines), signal);
      } catch (error) {
        const incomplete = error instanceof ResticProblem && error.code === "backup_incomplete";
        if (incomplete) await markIncomplete(repositoryName, request);
        throw error;
      }
    },
  };
}

const attemptOf = ({ volume }: BackupRequest) => `back up volume ${volume}`;

/** restic up to 0.18 succeeds with a source that is not there. */
async function assertFolder(volume: string, mountpoint: string): Promise<void> {
  const found = await stat(mountpoint).catch((cause: unknown) => {
    throw new ResticProblem("restic_failed", `cannot look at ${mountpoint} of volume ${volume}`, { cause });
  });
  if (!found.isDirectory()) {
    throw new ResticProblem("restic_failed", `${mountpoint} of volume ${volume} is no folder`);
  }
}
