/**
 * Backs up the collector's own database, and proves that it comes back. It works on files beside a collector that runs, in
 * a process of its own: nobody waits for it. When that is, `run-backups.ts` knows.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OperationalError, type Instant } from "@shipkeeper/kit";
import { countSchema, instantSchema } from "@shipkeeper/model";
import { ResticProblem, openRestic, tag, tagOf, type Restic, type Snapshot } from "@shipkeeper/restic";
import { copyDatabase, inspectDatabase, writeFileDurably } from "@shipkeeper/runtime";
import * as z from "zod";
import type { BackupConfig } from "../config.ts";
import type { OwnRestorePoint } from "./choose-restore-point.ts";

/** What a copy says of itself, beside it in the repository: whether it came back whole is held against this. */
const manifestSchema = z.object({
  /** The copy holds everything from before, and nothing from after it. */
  takenAt: instantSchema,
  schemaVersion: countSchema,
  rows: z.record(z.string(), countSchema),
});
export type Manifest = z.infer<typeof manifestSchema>;

export interface OwnBackup {
  /** Throws `ResticProblem`, `DatabaseNotUsable`. */
  backUp(database: string, now: Instant): Promise<BackedUp>;
  /** Newest first. */
  list(): Promise<OwnRestorePoint[]>;
  /** Restores the newest, or the one whose id begins so, to a file that is not there, and checks it. */
  fetch(target: string, id?: string): Promise<Fetched>;
  /** The same, to a folder that is thrown away. */
  drill(): Promise<Fetched>;
}

export interface BackedUp {
  readonly restorePoint: string;
  readonly dataAt: Instant;
  readonly bytes: number;
  readonly addedBytes: number;
}

export interface Fetched {
  readonly restorePoint: string;
  readonly manifest: Manifest;
}

export class CopyNotWhole extends OperationalError {
  override readonly name = "CopyNotWhole";
  readonly code = "copy_not_whole";
  readonly retryable = false;
}

const REPOSITORY = "collector-backup";
const DATABASE = "collector.db";
const MANIFEST = "manifest.json";
/** By this the restore points are found again, whatever the machine is called that restores them. */
const WHO = { hostId: "shipkeeper-collector", dataset: "dump:shipkeeper-collector" } as const;
const RULE = { policy: "collector", rule: "backup" } as const;

type FoundOwn = OwnRestorePoint & Pick<Snapshot, "paths">;

export interface OwnBackupDeps {
  readonly config: BackupConfig;
  readonly dataDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** Throws where there is no restic on this machine. */
export async function openOwnBackup({ config, dataDir, signal }: OwnBackupDeps): Promise<OwnBackup> {
  // Copies lie here for a moment, readable by nobody else. Always the same place: restic then finds what has not changed.
  const staging = join(dataDir, "backup");
  const restic = await openRestic({
    repositories: { [REPOSITORY]: config.to },
    cacheDir: join(staging, "cache"),
  });
  if (restic === undefined)
    throw new ResticProblem("restic_failed", "cannot back up the collector: there is no restic here");

  const own: OwnBackup = {
    async backUp(database, now) {
      await restic.ensureRepository(REPOSITORY, { ...(signal && { signal }) });
      return inFolder(join(staging, "copy"), async (folder) => {
        const copy = join(folder, DATABASE);
        await copyDatabase(database, copy);
        const content = inspectDatabase(copy);
        const manifest: Manifest = { takenAt: now, ...content };
        writeFileDurably(join(folder, MANIFEST), JSON.stringify(manifest), 0o600);
        const about = [tag(HOSTS_TAG, String(content.rows["host"] ?? 0))];
        const request = { ...WHO, ...RULE, folder, runId: String(now), about };
        const { snapshot, bytes, addedBytes } = await restic.backUp(REPOSITORY, request, signal);
        const retention = { ...WHO, ...RULE, keepWithinMs: config.keepWithin };
        const gone = await restic.forget(REPOSITORY, retention, signal);
        if (gone > 0) await restic.prune(REPOSITORY, signal);
        return { restorePoint: snapshot.id, dataAt: now, bytes, addedBytes };
      });
    },

    list: () => listOwn(restic, signal),

    async fetch(target, id = "") {
      const restorePoint = (await listOwn(restic, signal)).find((one) => one.id.startsWith(id));
      if (restorePoint === undefined)
        throw new ResticProblem("restore_point_unknown", `there is no restore point ${id} of the collector`);
      return inFolder(join(staging, "restored"), async (folder) => {
        // What is in there the collector wrote itself, and its user may not make cells.
        const unconfined = { id: restorePoint.id, target: folder, cell: undefined };
        await restic.restore(REPOSITORY, unconfined, signal);
        const content = join(folder, restorePoint.paths[0] ?? "");
        const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(content, MANIFEST), "utf8")));
        checkCopy(join(content, DATABASE), manifest);
        await copyDatabase(join(content, DATABASE), target);
        checkCopy(target, manifest);
        return { restorePoint: restorePoint.id, manifest };
      });
    },

    drill: () => inFolder(join(staging, "drill"), (folder) => own.fetch(join(folder, DATABASE))),
  };
  return own;
}

/** The tag that says how many hosts the database knew. */
const HOSTS_TAG = "hosts";

async function listOwn(restic: Restic, signal: AbortSignal | undefined): Promise<FoundOwn[]> {
  const tags = [tag("dataset", WHO.dataset)];
  const found = await restic.snapshots(REPOSITORY, { hostId: WHO.hostId, tags }, signal);
  return found
    .toSorted((a, b) => b.at - a.at)
    .map((snapshot) => {
      const { id, at, paths } = snapshot;
      const hosts = tagOf(snapshot, HOSTS_TAG);
      return { id, at, paths, ...(hosts !== undefined && { hosts: Number(hosts) }) };
    });
}

/** Throws unless the file is the very database that the manifest tells of. */
function checkCopy(file: string, { schemaVersion, rows }: Manifest): void {
  const found = inspectDatabase(file);
  const unlike = Object.keys({ ...rows, ...found.rows }).filter((table) => rows[table] !== found.rows[table]);
  if (found.schemaVersion === schemaVersion && unlike.length === 0) return;
  throw new CopyNotWhole(
    `the restored database is not the one that was backed up: unlike are ${unlike.join(", ") || "its version"}`,
  );
}

/** A folder that only this program reads, empty at first and gone afterwards; what a crash left of it goes first. */
async function inFolder<T>(folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
