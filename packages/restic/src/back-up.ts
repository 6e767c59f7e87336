/** Puts a folder, or what a program writes, into a repository as a restore point, and answers for it only once the repository has it. */
import type { Clock, Instant } from "@shipkeeper/kit";
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

type Listing = Pick<ReturnType<typeof listRestorePoints>, "snapshots" | "heldIds">;

const WHOLE_ID = /^[0-9a-f]{64}$/;

export function backUp(run: RunInRepository, { snapshots, heldIds }: Listing, clock: Clock = Date.now) {
  /** What one backup is known by in the repository. */
  const markOf = ({ dataset, runId }: Pick<RestorePointMark, "dataset" | "runId">) => [
    tag("dataset", dataset),
    tag("run", runId),
  ];

  /**
   * Up to 0.14 the summary shortens the id, and some versions leave it out: the repository has it whole. restic is asked
   * for it only where the names of the repository's files cannot tell: opening it takes restic about a second.
   */
  async function madeOf(
    repositoryName: string,
    { request, tags, at, path }: Making,
    summary: BackupSummary | undefined,
    signal?: AbortSignal,
  ): Promise<BackupMade> {
    const failed = (why: string) =>
      new ResticProblem("restic_failed", `cannot ${attemptOf(request)}: ${why}`);
    if (summary === undefined) throw failed("restic told no summary");
    const { hostId: hostname } = request;
    const made = { at, hostname, paths: [path], tags };
    const listed = async () =>
      (await snapshots(repositoryName, { hostId: hostname, tags: markOf(request) }, signal)).find(({ id }) =>
        id.startsWith(summary.snapshot_id ?? ""),
      );
    const id = await wholeId(repositoryName, summary.snapshot_id);
    const snapshot = id === undefined ? await listed() : { ...made, id };
    if (snapshot === undefined) throw failed("the repository does not list the restore point");
    return {
      snapshot,
      bytes: summary.total_bytes_processed,
      files: summary.total_files_processed,
      addedBytes: summary.data_added,
    };
  }

  /** Undefined where only restic can tell. */
  async function wholeId(repositoryName: string, id: string | undefined): Promise<string | undefined> {
    if (id === undefined || WHOLE_ID.test(id)) return id;
    const [only, ...others] = [...((await heldIds(repositoryName)) ?? [])].filter((one) =>
      one.startsWith(id),
    );
    return others.length === 0 ? only : undefined;
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
    { path, ...call }: Pick<RepositoryCall, "args" | "input"> & { readonly path: string },
    signal: AbortSignal | undefined,
  ): Promise<BackupMade> {
    const { hostId, policy, rule } = request;
    const at = clock();
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
        args: ["backup", "--json", "--host", hostId, "--time", timeOf(at), ...tagArgs, ...call.args],
        deadlineMs: LONG_MS,
        signal,
      });
      return await madeOf(repositoryName, { request, tags, at, path }, readSummary(lines), signal);
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
      const { folder: path } = request;
      return make(repositoryName, request, { args: ["--", path], path }, signal);
    },

    /** Throws what the content throws: nothing is in the repository then. */
    backUpStream(repositoryName: string, request: StreamRequest, signal?: AbortSignal): Promise<BackupMade> {
      const args = ["--stdin", "--stdin-filename", request.filename];
      const path = `/${request.filename}`;
      return make(repositoryName, request, { args, input: request.content, path }, signal);
    },

    /** Whatever a run that was cut off put there is no restore point. */
    disown: markIncomplete,
  };
}

/** A backup on its way: what its restore point will say of itself. */
interface Making {
  readonly request: RestorePointMark;
  readonly tags: readonly string[];
  readonly at: Instant;
  readonly path: string;
}

/** As restic takes it: by its environment of UTC. It reads fractions of a second, too. */
const timeOf = (at: Instant): string => new Date(at).toISOString().slice(0, -1).replace("T", " ");

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
