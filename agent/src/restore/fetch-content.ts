/** Reads a restore point from its repository into a staging folder, whole and apart from everything else. */
import { lstat, mkdir, realpath, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Restic, Snapshot } from "@shipkeeper/restic";
import type { FoundRestorePoint } from "./find-restore-point.ts";
import { canDigHoles, copyWithHoles, digHoles } from "./holes.ts";
import { reportProgress } from "./progress.ts";
import { RestoreRefused } from "./refused.ts";
import { refuseFullDisk, roomIn } from "./room.ts";
import type { Staging } from "./staging.ts";

export interface FetchOptions {
  readonly restic: Restic;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
  /** Root accepts that restic works outside of a cell. */
  readonly uncontained?: boolean | undefined;
  /** Paths below the dataset's folder; everything where undefined. */
  readonly files?: readonly string[] | undefined;
}

/**
 * The folder or file that was saved, with owners, modes and times as they were. Throws `RestoreRefused` where the disk
 * has not the room.
 */
export async function fetchContent(
  { repository, snapshot }: FoundRestorePoint,
  staging: Staging,
  options: FetchOptions,
): Promise<string> {
  const { folder } = staging;
  const { restic, onProgress, signal, files } = options;
  const path = onlyPath(snapshot);
  const [target, cell, whole] = [join(folder, "read"), join(folder, "cell"), join(folder, "whole")];
  const copies = !restic.makesHoles && !(await canDigHoles(folder));
  const root = copies ? whole : target;
  const content = join(root, path);
  if (staging.isComplete) {
    onProgress("an earlier try had read all of it");
    return content;
  }

  const size = await restic.sizeOf(repository, [snapshot.id], signal);
  refuseFullDisk(size, copies ? 2 : 1, await roomIn(folder), folder);
  if (!restic.resumes) await rm(target, { recursive: true, force: true });
  await rm(whole, { recursive: true, force: true });
  for (const made of [target, cell]) await mkdir(made, { recursive: true, mode: 0o700 });
  onProgress(`reading it into ${target}`);
  const progress = reportProgress({ totalBytes: files === undefined ? size.bytes : 0, onProgress });
  try {
    await restic.restore(
      repository,
      {
        id: snapshot.id,
        target,
        cell: options.uncontained === true ? undefined : cell,
        include: files?.map((file) => join(path, file)),
        onStart: progress.follow,
      },
      signal,
    );
  } finally {
    progress.end();
  }
  if (copies) {
    await copyWithHoles(target, whole, signal);
    await rm(target, { recursive: true });
  } else if (!restic.makesHoles) {
    await digHoles(target, folder, signal);
  }
  await refuseLinks(content, root);
  await staging.markComplete();
  return content;
}

/**
 * What is moved next must be what was read: where a restore point holds a link in place of a folder on the way to its
 * content, or of the content itself, moving it would take the host's own files, or hand them to a container.
 */
async function refuseLinks(content: string, root: string): Promise<void> {
  const refused = (why: string) =>
    new RestoreRefused(`the restore point is not what a backup makes: ${why}; nothing of it is used`);
  const expected = join(await realpath(root), relative(root, dirname(content)));
  const isWithin = content.startsWith(`${root}/`) && expected === (await realpath(dirname(content)));
  if (!isWithin) throw refused("its content lies elsewhere");
  const found = await lstat(content);
  if (!found.isDirectory() && !found.isFile()) throw refused("its content is neither folder nor file");
}

function onlyPath({ id, paths }: Snapshot): string {
  const [path, ...others] = paths;
  if (path !== undefined && others.length === 0) return path;
  throw new RestoreRefused(`restore point ${id.slice(0, 8)} holds ${paths.length} folders, a dataset is one`);
}
