/**
 * A few files of a dataset as they were when it was backed up: size and hash. Only files that nobody changed since before
 * the backup began are taken, so that what was read for the backup and what is hashed here are the same.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { Instant } from "@shipkeeper/kit";
import { MOST_SAMPLED_FILES, type FileSample } from "../../ledger/file-samples.ts";

/** Entries that are looked at; of a larger tree the sample is of the part that was. */
const MOST_ENTRIES = 5_000;
const MOST_FILE_BYTES = 16 * 2 ** 20;
const MOST_BYTES = 64 * 2 ** 20;

/** `random` gives 0 to 1. Files whose names are no UTF-8 are left out: their names cannot be written down. */
export async function sampleUnchanged(
  root: string,
  { before, random, signal }: { before: Instant; random: () => number; signal: AbortSignal },
): Promise<FileSample> {
  const chosen: { path: string; bytes: number }[] = [];
  let fit = 0;
  let seen = 0;
  for await (const path of filesBelow(root)) {
    signal.throwIfAborted();
    if ((seen += 1) > MOST_ENTRIES) break;
    const found = await lstat(join(root, path)).catch(() => undefined);
    if (found === undefined || !found.isFile() || found.size > MOST_FILE_BYTES) continue;
    if (found.ctimeMs >= before || path.includes("\uFFFD")) continue;
    // Each file that fits has the same chance, however many follow.
    fit += 1;
    const place = fit <= MOST_SAMPLED_FILES ? chosen.length : Math.floor(random() * fit);
    if (place < MOST_SAMPLED_FILES) chosen[place] = { path, bytes: found.size };
  }
  const sample: FileSample = [];
  let bytes = 0;
  for (const file of chosen) {
    if ((bytes += file.bytes) > MOST_BYTES) break;
    const sha256 = await hashOf(join(root, file.path), signal).catch(() => undefined);
    const after = await lstat(join(root, file.path)).catch(() => undefined);
    if (sha256 !== undefined && after !== undefined && after.ctimeMs < before)
      sample.push({ ...file, sha256 });
  }
  return sample;
}

/** The first of a sample's files that is not as it was, in words. */
export async function firstDifference(
  root: string,
  sample: FileSample,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { path, bytes, sha256 } of sample) {
    signal.throwIfAborted();
    const found = await lstat(join(root, path)).catch(() => undefined);
    const name = JSON.stringify(path);
    if (found === undefined || !found.isFile()) return `${name} is not there`;
    if (found.size !== bytes) return `${name} has ${found.size} bytes, and had ${bytes}`;
    if ((await hashOf(join(root, path), signal)) !== sha256) return `${name} has another content than it had`;
  }
  return undefined;
}

/** Everything below a folder that is no folder itself, as restic counts files. Links are not followed. */
export async function countFiles(root: string, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const _ of filesBelow(root)) {
    signal.throwIfAborted();
    count += 1;
  }
  return count;
}

async function* filesBelow(root: string, folder = ""): AsyncGenerator<string> {
  for await (const entry of await opendir(join(root, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else yield path;
  }
}

async function hashOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
