/**
 * Brings a restore point back where nothing is: a new volume, or a new folder or file. The content is made whole beside
 * its place, and only then moved there in one step, so that nothing half restored can be taken for the whole.
 */
import { lstat, mkdir, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { formatInstant } from "@shipkeeper/kit";
import { volumeNameSchema, type Volume } from "@shipkeeper/model";
import type { EngineActor, EngineReader } from "@shipkeeper/docker";
import { tagOf, type Restic } from "@shipkeeper/restic";
import { fetchContent } from "./fetch-content.ts";
import { findRestorePoint, type FoundRestorePoint, type WantedRestorePoint } from "./find-restore-point.ts";
import { RestoreRefused } from "./refused.ts";
import { isThere, moveInto, withStaging } from "./staging.ts";

export interface RestoreWhat {
  /** The id of a restore point, or its beginning; or which dataset's at what time. */
  readonly restorePoint: WantedRestorePoint;
  /** Paths below the dataset's folder; everything where undefined. */
  readonly files?: readonly string[] | undefined;
  readonly restic: Restic;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Root accepts that restic works outside of a cell. */
  readonly uncontained?: boolean | undefined;
}

export interface RestoreOptions extends RestoreWhat {
  /** Of the new volume. */
  readonly volume: string;
  /** Of the new volume, beside those that say where it came from. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the folder in which it is made whole, for who has to find it after an interruption (`removeStaging`). */
  readonly stagingName?: string;
  readonly engine: Pick<EngineReader, "facts" | "volumes"> & Pick<EngineActor, "createVolume">;
}

/** The new volume with everything in it. Throws `RestoreRefused`, or what restic and the engine throw; then there is no new volume. */
export async function restoreInto(options: RestoreOptions): Promise<Volume> {
  const { restic, engine, onProgress, restorePoint } = options;
  const signal = options.signal ?? new AbortController().signal;
  const name = volumeNameSchema.parse(options.volume);

  await refuseExisting(name, engine);
  const found = await findRestorePoint(restorePoint, restic, signal);
  onProgress(describe(found));
  const { rootDir } = (await engine.facts({ signal })).engine;

  const key = keyOf(found, `volume ${name}`, options);
  return withStaging({ parent: rootDir, key, name: options.stagingName, signal }, async (staging) => {
    const content = await fetchContent(found, staging, { ...options, signal });
    if (!(await lstat(content)).isDirectory()) {
      throw new RestoreRefused("the restore point is of a file, such as a dump; restore it with --to FILE");
    }
    const labels = {
      ...options.labels,
      "shipkeeper.restore-point": found.snapshot.id,
      "shipkeeper.repository": found.repository,
    };
    const volume = await engine.createVolume(name, labels, { signal });
    // The engine made the volume's folder empty, so that a rename replaces it.
    await moveInto(content, volume.mountpoint);
    onProgress(`volume ${name} is restored`);
    return volume;
  });
}

/** Restores into a folder that is not there or is empty, or, for what is one file, into a file that is not there. */
export async function restoreToPath(options: RestoreWhat & { readonly to: string }): Promise<void> {
  const { restic, onProgress, restorePoint } = options;
  const signal = options.signal ?? new AbortController().signal;
  const to = resolve(options.to);

  await refuseFilled(to);
  const found = await findRestorePoint(restorePoint, restic, signal);
  onProgress(describe(found));
  const parent = dirname(to);
  await mkdir(parent, { recursive: true });
  await withStaging({ parent, key: keyOf(found, to, options), signal }, async (staging) => {
    await moveInto(await fetchContent(found, staging, { ...options, signal }), to);
    onProgress(`${to} is restored`);
  });
}

async function refuseExisting(name: string, engine: RestoreOptions["engine"]): Promise<void> {
  const exists = (await engine.volumes()).some((volume) => volume.name === name);
  if (exists) throw new RestoreRefused(`volume ${name} exists; restore into a new one and switch over to it`);
}

async function refuseFilled(path: string): Promise<void> {
  if (!(await isThere(path))) return;
  const isEmpty = (await lstat(path)).isDirectory() && (await readdir(path)).length === 0;
  if (!isEmpty) throw new RestoreRefused(`there is something in ${path} already`);
}

export function keyOf(
  { repository, snapshot }: FoundRestorePoint,
  place: string,
  { files = [] }: Pick<RestoreWhat, "files">,
): string {
  return [repository, snapshot.id, place, ...files].join("\n");
}

export function describe({ repository, snapshot }: FoundRestorePoint): string {
  const dataset = tagOf(snapshot, "dataset") ?? "something unknown";
  return `restore point ${snapshot.id.slice(0, 8)} of ${dataset}, ${formatInstant(snapshot.at)}, repository ${repository}`;
}
