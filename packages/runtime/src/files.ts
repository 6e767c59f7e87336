/** Files that must survive a crash whole: written beside, synced, then renamed into place. */
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Replaces the file in one step: a reader, or a crash, sees the old content or the new, never a part. */
export function writeFileDurably(file: string, content: string | Uint8Array, mode = 0o644): void {
  const beside = writeBeside(file, content, mode);
  renameSync(beside, file);
  syncFolder(dirname(file));
}

/** A file that only its owner may read. With `overwrite: false` throws `EEXIST` where there is one already. */
export function writeSecretFile(file: string, content: string, { overwrite }: { overwrite: boolean }): void {
  if (overwrite) return writeFileDurably(file, content, 0o600);
  const beside = writeBeside(file, content, 0o600);
  try {
    linkSync(beside, file); // unlike a rename, a link never replaces
  } finally {
    rmSync(beside, { force: true });
  }
  syncFolder(dirname(file));
}

function writeBeside(file: string, content: string | Uint8Array, mode: number): string {
  mkdirSync(dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}.new`;
  rmSync(beside, { force: true });
  const descriptor = openSync(beside, "wx", mode);
  try {
    const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return beside;
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
