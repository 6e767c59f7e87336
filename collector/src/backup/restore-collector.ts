/** Puts the collector's database back, on this machine or another. The collector must not run meanwhile. */
import { chownSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Instant } from "@shipkeeper/kit";
import { takeLock } from "@shipkeeper/runtime";
import type { BackupConfig } from "../config.ts";
import { chooseRestorePoint } from "./choose-restore-point.ts";
import { DATABASE_FILE } from "./keep-state.ts";
import { openOwnBackup, type Fetched } from "./own-backup.ts";

export interface RestoreRequest {
  readonly dataDir: string;
  readonly config: BackupConfig;
  /** Of the restore point, or its beginning; the newest where it is left out. */
  readonly id?: string | undefined;
  readonly now: Instant;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Throws `AlreadyRunning` while the collector runs, and `RestorePointDoubtful` where the newest is no successor of the others
 * and nobody said which is meant. What was there is put aside, never overwritten: the answer says where.
 */
export async function restoreCollector({
  dataDir,
  config,
  id,
  now,
  signal,
}: RestoreRequest): Promise<Fetched & { putAside: string | undefined }> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const locks = ["collector.lock", "backup.lock"].map((name) => takeLock(join(dataDir, name)));
  try {
    const own = await openOwnBackup({ config, dataDir, signal });
    const file = join(dataDir, DATABASE_FILE);
    const restored = `${file}.restored-${now}`;
    const fetched = await own.fetch(restored, id ?? chooseRestorePoint(await own.list())?.id);
    const putAside = existsSync(file) ? `${file}.before-${now}` : undefined;
    // The log beside a database is part of it: left behind, it would be taken for the restored one's.
    for (const part of ["", "-wal", "-shm"])
      if (putAside !== undefined && existsSync(`${file}${part}`))
        renameSync(`${file}${part}`, `${putAside}${part}`);
    renameSync(restored, file);
    giveToOwnerOf(dataDir, file);
    return { ...fetched, putAside };
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Root restores for the user that the collector runs as. */
function giveToOwnerOf(folder: string, file: string): void {
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() === 0) chownSync(file, uid, gid);
}
