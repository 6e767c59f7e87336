/** Puts a folder, or what a program writes, into a repository as a restore point, and answers for it only once the repository lists it. */
import type { DatasetId } from "@shipkeeper/policy";
import { stat } from "node:fs/promises";
import { readSummary, type BackupSummary, type Snapshot } from "./answers.ts";
import { INCOMPLETE, type listRestorePoints } from "./list-restore-points.ts";
import { OURS, tag } from "./tags.ts";
import { ResticProblem } from "./restic-errors.ts";
import { LONG_MS, SHORT_MS, type RepositoryCall, type RunInRepository } from "./run-in-repository.ts";

/** What a restore point says of itself. */
export interface RestorePointMark {
  readonly hostId: string;
  readonly dataset: DatasetId;
  readonly policy: string;
  readonly rule: string;
  readonly runId: string;
  /** More tags, for who looks for it without knowing anything else. */
  readonly about?: readonly string[] | undefined;
}

export interface BackupRequest extends RestorePointMark {
  /** Absolute, a folder or a file: its own owner and mode are part of the restore point. */
  readonly folder: string;
}

export interface StreamRequest extends RestorePointMark {
  /** The name of the one file in the restore point, such as `shop.sql`. */
  readonly filename: string;
  /** What goes into it, begun anew where restic has to be. There is no restore point where it throws. */
  readonly content: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
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
  const markOf = ({ dataset, runId }: Pick<RestorePointMark, "dataset" | "runId">) => [
    tag("dataset", dataset),
    tag("run", runId),
  ];

  /** Up to 0.14 the summary shortens the id, and some versions leave it out: the repository's list has it whole. */
  async function madeOf(
    repositoryName: string,
    request: RestorePointMark,
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

  /** An append-only repository takes the marked one, and refuses to let the other go: that will do. */
  async function markIncomplete(
    repositoryName: string,
    request: Pick<RestorePointMark, "hostId" | "dataset" | "runId">,
  ): Promise<void> {
    const tags = [OURS, ...markOf(request)].join(",");
    const call = {
      attempt: "mark an incomplete restore point",
      args: ["tag", "--add", INCOMPLETE, "--host", request.hostId, "--tag", tags],
      deadlineMs: SHORT_MS,
    };
    await run(repositoryName, call).catch((error: unknown) => {
      if (!(error instanceof ResticProblem && error.code === "repository_read_only")) throw error;
    });
  }

  async function make(
    repositoryName: string,
    request: RestorePointMark,
    call: Pick<RepositoryCall, "args" | "input">,
    signal: AbortSignal | undefined,
  ): Promise<BackupMade> {
    const { hostId, policy, rule } = request;
    const tags = [
      OURS,
      ...markOf(request),
      tag("policy", policy),
      tag("rule", rule),
      ...(request.about ?? []),
    ];
    const tagArgs = tags.flatMap((one) => ["--tag", one]);
    try {
      const lines = await run(repositoryName, {
        attempt: attemptOf(request),
        ...call,
        args: ["backup", "--json", "--host", hostId, ...tagArgs, ...call.args],
        deadlineMs: LONG_MS,
        signal,
      });
      return await madeOf(repositoryName, request, readSummary(lines), signal);
    } catch (error) {
      const isIncomplete = error instanceof ResticProblem && error.code === "backup_incomplete";
      // What was given up may have come to its end all the same.
      if (isIncomplete || signal?.aborted === true) await markIncomplete(repositoryName, request);
      throw error;
    }
  }

  return {
    /** Throws `ResticProblem` of code `backup_incomplete` where some files could not be read. */
    async backUp(repositoryName: string, request: BackupRequest, signal?: AbortSignal): Promise<BackupMade> {
      await assertSource(request.dataset, request.folder);
      return make(repositoryName, request, { args: ["--", request.folder] }, signal);
    },

    /** Throws what the content throws: nothing is in the repository then. */
    backUpStream(repositoryName: string, request: StreamRequest, signal?: AbortSignal): Promise<BackupMade> {
      const args = ["--stdin", "--stdin-filename", request.filename];
      return make(repositoryName, request, { args, input: request.content }, signal);
    },

    /** Whatever a run that was cut off put there is no restore point. */
    disown: markIncomplete,
  };
}

const attemptOf = ({ dataset }: RestorePointMark) => `back up ${dataset}`;

/** restic up to 0.18 succeeds with a source that is not there. */
async function assertSource(dataset: DatasetId, folder: string): Promise<void> {
  const found = await stat(folder).catch((cause: unknown) => {
    throw new ResticProblem("restic_failed", `cannot look at ${folder} of ${dataset}`, { cause });
  });
  if (!found.isDirectory() && !found.isFile()) {
    throw new ResticProblem("restic_failed", `${folder} of ${dataset} is no folder and no file`);
  }
}
