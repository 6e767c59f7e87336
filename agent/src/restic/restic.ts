/**
 * Drives the restic program: what Shipkeeper asks of it, in Shipkeeper's words. It knows repositories, volumes and
 * restore points; when a volume is due and what is told to whom is decided elsewhere.
 */
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { HOUR_MS, MINUTE_MS, assert } from "@shipkeeper/kit";
import { readForgotten, readSize, readSnapshots, readSummary, type Snapshot } from "./answers.ts";
import { isLocal, type Repositories, type Repository } from "./repository.ts";
import { ResticProblem } from "./restic-errors.ts";
import { canMakeHoles, readResticVersion } from "./restic-version.ts";
import { runRestic, type ResticCall } from "./run-restic.ts";

export interface ResticOptions {
  readonly repositories: Repositories;
  /** Found on the PATH where it is not said. */
  readonly binary?: string;
  /** For repositories that are reached over a network. */
  readonly cacheDir?: string;
}

export type Restic = NonNullable<Awaited<ReturnType<typeof openRestic>>>;

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

const OURS = "shipkeeper";
/** Some files could not be read: kept for need, and never taken for a restore point. */
const INCOMPLETE = "incomplete";

const SHORT_MS = 2 * MINUTE_MS;
const LONG_MS = 12 * HOUR_MS;

/** Undefined where there is no restic on this host. */
export async function openRestic({ repositories, binary = "restic", cacheDir }: ResticOptions) {
  const version = await readResticVersion(binary);
  if (version === undefined) return undefined;

  const repositoryNamed = (name: string): Repository => {
    const settings = Object.hasOwn(repositories, name) ? repositories[name] : undefined;
    assert(settings !== undefined, `no repository is called ${name}`);
    return { name, ...settings };
  };
  const run = (repository: Repository, call: Omit<ResticCall, "binary" | "repository" | "cacheDir">) =>
    unlockingStale(
      () => runRestic({ binary, cacheDir, repository, ...call }),
      () =>
        runRestic({
          binary,
          cacheDir,
          repository,
          attempt: "unlock",
          args: ["unlock"],
          deadlineMs: SHORT_MS,
          signal: call.signal,
        }),
    );

  async function snapshots(
    repositoryName: string,
    filter: SnapshotFilter,
    signal?: AbortSignal,
  ): Promise<Snapshot[]> {
    const tags = [OURS, ...(filter.tags ?? [])].join(",");
    const host = filter.hostId === undefined ? [] : ["--host", filter.hostId];
    const lines = await run(repositoryNamed(repositoryName), {
      attempt: "list restore points",
      args: ["snapshots", "--json", "--tag", tags, ...host],
      deadlineMs: SHORT_MS,
      signal,
    });
    return readSnapshots(lines).filter((snapshot) => !snapshot.tags.includes(INCOMPLETE));
  }

  return {
    version,
    repositoryNames: Object.keys(repositories) as readonly string[],

    /** Makes the repository where its folder holds none. One that is reached over a network is never made. */
    async ensureRepository(repositoryName: string, signal?: AbortSignal): Promise<void> {
      const repository = repositoryNamed(repositoryName);
      if (!isLocal(repository) || (await exists(join(repository.url, "config")))) return;
      await run(repository, { attempt: "make the repository", args: ["init"], deadlineMs: SHORT_MS, signal });
    },

    /** Throws `ResticProblem` of code `backup_incomplete` where some files could not be read. */
    async backUp(repositoryName: string, request: BackupRequest, signal?: AbortSignal): Promise<BackupMade> {
      const { volume, mountpoint, hostId, runId } = request;
      const repository = repositoryNamed(repositoryName);
      await assertFolder(volume, mountpoint);
      const mark = [`volume=${volume}`, `run=${runId}`];
      const tags = [OURS, ...mark, `policy=${request.policy}`, `rule=${request.rule}`];
      const attempt = `back up volume ${volume}`;
      try {
        const lines = await run(repository, {
          attempt,
          args: [
            "backup",
            "--json",
            "--host",
            hostId,
            ...tags.flatMap((tag) => ["--tag", tag]),
            "--",
            mountpoint,
          ],
          deadlineMs: LONG_MS,
          signal,
        });
        return await madeOf(readSummary(lines));
      } catch (error) {
        const incomplete = error instanceof ResticProblem && error.code === "backup_incomplete";
        if (incomplete) await markIncomplete();
        throw error;
      }

      /** Up to 0.14 the summary shortens the id, and some versions leave it out: the repository's list has it whole. */
      async function madeOf(summary: ReturnType<typeof readSummary>): Promise<BackupMade> {
        if (summary === undefined)
          throw new ResticProblem("restic_failed", `cannot ${attempt}: restic told no summary`);
        const listed = await snapshots(repositoryName, { hostId, tags: mark }, signal);
        const snapshot = listed.find(({ id }) => id.startsWith(summary.snapshot_id ?? ""));
        if (snapshot === undefined) {
          throw new ResticProblem(
            "restic_failed",
            `cannot ${attempt}: the repository does not list the restore point`,
          );
        }
        return {
          snapshot,
          bytes: summary.total_bytes_processed,
          files: summary.total_files_processed,
          addedBytes: summary.data_added,
        };
      }

      async function markIncomplete(): Promise<void> {
        await run(repository, {
          attempt: "mark an incomplete restore point",
          args: ["tag", "--add", INCOMPLETE, "--host", hostId, "--tag", [OURS, ...mark].join(",")],
          deadlineMs: SHORT_MS,
        });
      }
    },

    /** Restore points of Shipkeeper in the repository, oldest first. Incomplete ones are none. */
    snapshots,

    /**
     * Forgets a rule's restore points of one volume that are older than the span, counted back from the newest, which
     * therefore always stays. Others' are never looked at: the tags name the volume and the rule. Returns how many went.
     */
    async forget(
      repositoryName: string,
      { hostId, volume, policy, rule, keepWithinMs }: ForgetRequest,
      signal?: AbortSignal,
    ): Promise<number> {
      assert(keepWithinMs > 0, "an empty retention would forget everything");
      const tags = [OURS, `volume=${volume}`, `policy=${policy}`, `rule=${rule}`].join(",");
      const lines = await run(repositoryNamed(repositoryName), {
        attempt: `forget old restore points of volume ${volume}`,
        // Grouped by host: by tags, each run would be a group of its own and nothing would ever go.
        args: [
          "forget",
          "--json",
          "--host",
          hostId,
          "--tag",
          tags,
          "--group-by",
          "host",
          "--keep-within",
          formatSpan(keepWithinMs),
        ],
        deadlineMs: SHORT_MS,
        signal,
      });
      return readForgotten(lines);
    },

    /** Gives back the space of what was forgotten. */
    async prune(repositoryName: string, signal?: AbortSignal): Promise<void> {
      await run(repositoryNamed(repositoryName), {
        attempt: "prune",
        args: ["prune"],
        deadlineMs: LONG_MS,
        signal,
      });
    },

    /** How many bytes a restore writes. */
    async sizeOf(repositoryName: string, id: string, signal?: AbortSignal): Promise<number> {
      const lines = await run(repositoryNamed(repositoryName), {
        attempt: `measure ${id.slice(0, 8)}`,
        args: ["stats", "--json", "--mode", "restore-size", id],
        deadlineMs: SHORT_MS,
        signal,
      });
      return readSize(lines);
    },

    /** Restores the whole restore point below `target`, under its absolute paths. */
    async restore(
      repositoryName: string,
      { id, target }: { id: string; target: string },
      signal?: AbortSignal,
    ) {
      const sparse = canMakeHoles(version) ? ["--sparse"] : [];
      await run(repositoryNamed(repositoryName), {
        attempt: `restore ${id.slice(0, 8)}`,
        args: ["restore", id, "--target", target, ...sparse],
        deadlineMs: LONG_MS,
        signal,
      });
      return { madeHoles: sparse.length > 0 };
    },
  };
}

export interface SnapshotFilter {
  readonly hostId?: string;
  readonly tags?: readonly string[];
}

export interface ForgetRequest {
  readonly hostId: string;
  readonly volume: string;
  readonly policy: string;
  readonly rule: string;
  readonly keepWithinMs: number;
}

/** The value of a `name=value` tag. */
export function tagOf({ tags }: Pick<Snapshot, "tags">, name: string): string | undefined {
  return tags.find((tag) => tag.startsWith(`${name}=`))?.slice(name.length + 1);
}

/**
 * `unlock` removes only locks that restic itself calls stale: of a dead process of this machine, or not refreshed for
 * half an hour. A live lock stays, and the second try says so.
 */
async function unlockingStale<T>(work: () => Promise<T>, unlock: () => Promise<unknown>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ResticProblem) || error.code !== "repository_locked") throw error;
    await unlock();
    return await work();
  }
}

/** restic up to 0.18 succeeds with a source that is not there. */
async function assertFolder(volume: string, mountpoint: string): Promise<void> {
  const found = await stat(mountpoint).catch((cause: unknown) => {
    throw new ResticProblem("restic_failed", `cannot look at ${mountpoint} of volume ${volume}`, { cause });
  });
  if (!found.isDirectory()) {
    throw new ResticProblem("restic_failed", `${mountpoint} of volume ${volume} is no folder`);
  }
}

/** Whole hours, rounded up: restic counts no less. */
function formatSpan(spanMs: number): string {
  const hours = Math.ceil(spanMs / HOUR_MS);
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
