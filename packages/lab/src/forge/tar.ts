import { assert, unreachable } from "@shipkeeper/kit";
import type { FileEntry } from "./file-entry.ts";

const BLOCK = 512;
const EPOCH = new Date(0);
/** Of a size field: 11 octal digits. */
const LARGEST_FILE = 8 ** 11 - 1;

const TYPES = { file: "0", hardlink: "1", symlink: "2", folder: "5", extended: "x" } as const;
type EntryType = keyof typeof TYPES;

interface Header {
  type: EntryType;
  path: string;
  target?: string;
  size: number;
  mode: number;
  entry?: FileEntry;
}

/**
 * A POSIX tar archive: ustar, with a pax header before entries whose names do not fit. The same entries always give the
 * same bytes, since an entry without a time is as old as 1970.
 */
export function tarArchive(entries: readonly FileEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(2 * BLOCK)]);
}

function entryBlocks(entry: FileEntry): Buffer[] {
  const content = contentOf(entry);
  assert(content.length <= LARGEST_FILE, `${entry.path} is too large for a tar archive`);
  const header = headerOf(entry, content.length);
  return [...extendedHeader(header), headerBlock(header), ...padded(content)];
}

function headerOf(entry: FileEntry, size: number): Header {
  const { path } = entry;
  if ("folder" in entry) {
    return { type: "folder", path: path.replace(/\/*$/, "/"), size: 0, mode: 0o755, entry };
  }
  if ("symlinkTo" in entry) {
    return { type: "symlink", path, target: entry.symlinkTo, size: 0, mode: 0o777, entry };
  }
  if ("hardlinkTo" in entry) {
    return { type: "hardlink", path, target: entry.hardlinkTo, size: 0, mode: 0o644, entry };
  }
  if ("content" in entry || "sparseBytes" in entry) return { type: "file", path, size, mode: 0o644, entry };
  return unreachable(entry);
}

function contentOf(entry: FileEntry): Buffer {
  if ("content" in entry) return Buffer.from(entry.content);
  if ("sparseBytes" in entry) return Buffer.alloc(entry.sparseBytes);
  return Buffer.alloc(0);
}

/** Names that are too long for their field, or not plain ASCII, come in a pax header of their own. */
function extendedHeader({ path, target }: Header): Buffer[] {
  const records = [
    ...(fitsField(path) ? [] : [paxRecord("path", path)]),
    ...(target === undefined || fitsField(target) ? [] : [paxRecord("linkpath", target)]),
  ];
  if (records.length === 0) return [];
  const content = Buffer.concat(records);
  const header = { type: "extended", path: "pax-header", size: content.length, mode: 0o644 } as const;
  return [headerBlock(header), ...padded(content)];
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function fitsField(name: string): boolean {
  return /^[\x20-\x7e]{1,100}$/.test(name);
}

function headerBlock({ type, path, target = "", size, mode, entry }: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0, 100);
  block.write(octal(entry?.mode ?? mode, 8), 100);
  block.write(octal(entry?.uid ?? 0, 8), 108);
  block.write(octal(entry?.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(Math.floor((entry?.modifiedAt ?? EPOCH).getTime() / 1000), 12), 136);
  block.write(" ".repeat(8), 148); // the checksum counts its own field as blanks
  block.write(TYPES[type], 156);
  block.write(target, 157, 100);
  block.write("ustar\x0000", 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 7)}\0 `, 148);
  return block;
}

/** Zero-padded and one shorter than its field, whose last byte stays zero. */
function octal(value: number, field: number): string {
  return value.toString(8).padStart(field - 1, "0");
}

function padded(content: Buffer): Buffer[] {
  const over = content.length % BLOCK;
  return over === 0 ? [content] : [content, Buffer.alloc(BLOCK - over)];
}
