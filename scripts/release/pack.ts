/** Seals a release folder with checksums, and packs it so that equal folders give equal archives. */
import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

const CHECKSUMS = "SHA256SUMS";

/** The time of every file in an archive. Any fixed one would do; tar complains about very old ones. */
const FILE_TIME = process.env["SOURCE_DATE_EPOCH"] ?? "1767225600";

/** `SHA256SUMS` over every other file of the folder, as `sha256sum --check` reads it. */
export function writeChecksums(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== CHECKSUMS)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const lines = files.map((file) => `${sha256(join(folder, file))}  ${file}\n`);
  writeFileSync(join(folder, CHECKSUMS), lines.join(""));
}

export function sha256(file: string): string {
  return hash("sha256", readFileSync(file));
}

/** Packs the folder under its own name. */
export async function packFolder(folder: string, archive: string): Promise<void> {
  const args = [
    ["--create", "--format=gnu", "--sort=name", `--mtime=@${FILE_TIME}`, "--mode=u=rwX,go=rX"],
    ["--owner=0", "--group=0", "--numeric-owner", "--directory", dirname(folder), basename(folder)],
  ].flat();
  const tar = spawn("tar", args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(tar, "close") as Promise<[number | null]>;
  await pipeline(tar.stdout, createGzip(), createWriteStream(archive));
  const [code] = await ended;
  if (code !== 0) throw new Error(`tar ended with ${code} while packing ${folder}`);
}
