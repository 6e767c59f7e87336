/**
 * Brings a restore point back as a new volume. It never touches an existing one: the content is made whole beside the
 * volumes, and only then moved into the new volume in one step, so that no half-restored volume can be taken for one.
 */
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { OperationalError, formatBytes, formatInstant } from "@shipkeeper/kit";
import { volumeNameSchema, type Volume } from "@shipkeeper/model";
import type { EngineActor, EngineReader } from "@shipkeeper/docker";
import { type Restic, type Snapshot, tagOf } from "@shipkeeper/restic";
import { findRestorePoint, type FoundRestorePoint } from "./find-restore-point.ts";
import { copyWithHoles, freeBytesOf, isOtherFileSystem, withStaging } from "./staging.ts";

export interface RestoreOptions {
  /** The id of a restore point, or its beginning. */
  readonly restorePoint: string;
  /** Of the new volume. */
  readonly volume: string;
  readonly restic: Restic;
  readonly engine: Pick<EngineReader, "facts" | "volumes"> & Pick<EngineActor, "createVolume">;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Root accepts that restic works outside of a cell. */
  readonly uncontained?: boolean;
}

export class RestoreRefused extends OperationalError {
  override readonly name = "RestoreRefused";
  readonly code = "restore_refused";
  readonly retryable = false;
}

/** The new volume with everything in it. Throws `RestoreRefused`, or what restic and the engine throw; then there is no new volume. */
export async function restoreInto(options: RestoreOptions): Promise<Volume> {
  const { restic, engine, onProgress } = options;
  const signal = options.signal ?? new AbortController().signal;
  const name = volumeNameSchema.parse(options.volume);

  await refuseExisting(name, engine);
  const found = await findRestorePoint(options.restorePoint, restic, signal);
  onProgress(describe(found));
  const { rootDir } = (await engine.facts({ signal })).engine;
  await refuseFullDisk(found, restic, rootDir, signal);

  return withStaging(rootDir, async (staging) => {
    onProgress(`reading it into ${staging}`);
    const content = await fetchContent(found, staging, options, signal);

    const labels = {
      "shipkeeper.restore-point": found.snapshot.id,
      "shipkeeper.repository": found.repository,
    };
    const volume = await engine.createVolume(name, labels, { signal });
    await putInPlace(content, volume);
    onProgress(`volume ${name} is restored`);
    return volume;
  });
}

async function refuseExisting(name: string, engine: RestoreOptions["engine"]): Promise<void> {
  const exists = (await engine.volumes()).some((volume) => volume.name === name);
  if (exists) throw new RestoreRefused(`volume ${name} exists; restore into a new one and switch over to it`);
}

/** A full disk would stop every container on the host, so it is asked before. */
async function refuseFullDisk(
  { repository, snapshot }: FoundRestorePoint,
  restic: Restic,
  rootDir: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await restic.sizeOf(repository, snapshot.id, signal);
  const free = await freeBytesOf(rootDir);
  if (bytes <= free) return;
  throw new RestoreRefused(
    `the restore point holds ${formatBytes(bytes)}, and ${rootDir} has ${formatBytes(free)} left`,
  );
}

/** The folder that is to be the new volume's root, with owner, mode and times as they were. */
async function fetchContent(
  { repository, snapshot }: FoundRestorePoint,
  staging: string,
  { restic, uncontained }: RestoreOptions,
  signal: AbortSignal,
): Promise<string> {
  const target = join(staging, "read");
  const cell = uncontained === true ? undefined : join(staging, "cell");
  for (const folder of [target, cell]) if (folder !== undefined) await mkdir(folder, { mode: 0o700 });
  const { madeHoles } = await restic.restore(repository, { id: snapshot.id, target, cell }, signal);
  const root = join(target, onlyPath(snapshot));
  return madeHoles ? root : copyWithHoles(root, join(staging, "whole"), signal);
}

/** The engine made the volume's folder empty, so a rename replaces it, and with it owner, mode and times of the root. */
async function putInPlace(content: string, { name, mountpoint }: Volume): Promise<void> {
  try {
    await rename(content, mountpoint);
  } catch (error) {
    if (isOtherFileSystem(error)) {
      await copyWithHoles(content, mountpoint);
      return;
    }
    throw new RestoreRefused(`cannot move the content into the new and empty volume ${name}`, {
      cause: error,
    });
  }
}

function onlyPath({ id, paths }: Snapshot): string {
  const [path, ...others] = paths;
  if (path !== undefined && others.length === 0) return path;
  throw new RestoreRefused(`restore point ${id.slice(0, 8)} holds ${paths.length} folders, a volume is one`);
}

function describe({ repository, snapshot }: FoundRestorePoint): string {
  const dataset = tagOf(snapshot, "dataset") ?? "something unknown";
  return `restore point ${snapshot.id.slice(0, 8)} of ${dataset}, ${formatInstant(snapshot.at)}, repository ${repository}`;
}
