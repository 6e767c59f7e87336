/**
 * Writes restore points that restic itself would never make, as somebody could who holds a repository's password: trees
 * with two entries of one name, with names that lead upwards, with files below links. The format is restic's own
 * (https://restic.readthedocs.io/en/stable/100_references.html).
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ForgedEntry {
  readonly name: string;
  readonly type: "dir" | "file" | "symlink" | "fifo" | "dev";
  readonly content?: string;
  readonly linktarget?: string;
  readonly entries?: readonly ForgedEntry[];
}

interface Repository {
  readonly url: string;
  readonly passwordFile: string;
}

interface MasterKey {
  readonly mac: { readonly k: string; readonly r: string };
  readonly encrypt: string;
}

interface Blob {
  readonly type: "data" | "tree";
  readonly id: string;
  readonly sealed: Buffer;
}

export interface Forged {
  /** What is in the folder `/data`. */
  readonly entries: readonly ForgedEntry[];
  /** Instead of that folder: what the restore point begins with, and what it says it is of. */
  readonly instead?: { readonly top: readonly ForgedEntry[]; readonly path: string };
  readonly tags: readonly string[];
  readonly at: Date;
}

/** The id of a restore point made of exactly these entries. */
export function forgeRestorePoint(repository: Repository, { entries, instead, tags, at }: Forged): string {
  const key = masterKeyOf(repository);
  const blobs: Blob[] = [];
  const tree = addTree(instead?.top ?? [{ name: "data", type: "dir", entries }]);
  writePack(repository.url, blobs, key);
  const snapshot = {
    time: at.toISOString(),
    tree,
    paths: [instead?.path ?? "/data"],
    hostname: "forged",
    tags,
  };
  return writeSealed(join(repository.url, "snapshots"), snapshot, key);

  function addTree(listed: readonly ForgedEntry[]): string {
    return addBlob("tree", `${JSON.stringify({ nodes: listed.map(nodeOf) })}\n`);
  }

  function nodeOf({ name, type, content, linktarget, entries: below }: ForgedEntry) {
    const times = { mtime: at, atime: at, ctime: at };
    const owner = { uid: 0, gid: 0, links: 1 };
    const common = { name, type, mode: modeOf(type), ...times, ...owner, content: null };
    if (below !== undefined) return { ...common, subtree: addTree(below) };
    if (content === undefined) return { ...common, ...(linktarget !== undefined && { linktarget }) };
    return { ...common, size: Buffer.byteLength(content), content: [addBlob("data", content)] };
  }

  function addBlob(type: Blob["type"], text: string): string {
    const id = sha256(Buffer.from(text));
    if (!blobs.some((blob) => blob.id === id)) blobs.push({ type, id, sealed: seal(Buffer.from(text), key) });
    return id;
  }
}

/** As Go's `os.FileMode` counts, everybody may do everything. */
function modeOf(type: ForgedEntry["type"]): number {
  const bit = { dir: 2 ** 31, file: 0, symlink: 2 ** 27, fifo: 2 ** 25, dev: 2 ** 26 }[type];
  return bit + 0o777;
}

function writePack(url: string, blobs: readonly Blob[], key: MasterKey): void {
  const header = Buffer.concat(
    blobs.map(({ type, id, sealed }) => {
      const entry = Buffer.alloc(37);
      entry.writeUInt8(type === "data" ? 0 : 1, 0);
      entry.writeUInt32LE(sealed.length, 1);
      Buffer.from(id, "hex").copy(entry, 5);
      return entry;
    }),
  );
  const sealedHeader = seal(header, key);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sealedHeader.length);
  const pack = Buffer.concat([...blobs.map(({ sealed }) => sealed), sealedHeader, length]);
  const packId = sha256(pack);
  mkdirSync(join(url, "data", packId.slice(0, 2)), { recursive: true });
  writeFileSync(join(url, "data", packId.slice(0, 2), packId), pack);

  let offset = 0;
  const listed = blobs.map(({ type, id, sealed }) => {
    const entry = { id, type, offset, length: sealed.length };
    offset += sealed.length;
    return entry;
  });
  writeSealed(join(url, "index"), { packs: [{ id: packId, blobs: listed }] }, key);
}

function writeSealed(folder: string, value: unknown, key: MasterKey): string {
  const sealed = seal(Buffer.from(JSON.stringify(value)), key);
  const id = sha256(sealed);
  writeFileSync(join(folder, id), sealed);
  return id;
}

function masterKeyOf({ url, passwordFile }: Repository): MasterKey {
  const env = { ...process.env, RESTIC_REPOSITORY: url, RESTIC_PASSWORD_FILE: passwordFile };
  return JSON.parse(
    execFileSync("restic", ["--no-cache", "cat", "masterkey"], { env, encoding: "utf8" }),
  ) as MasterKey;
}

function seal(plain: Buffer, { encrypt, mac }: MasterKey): Buffer {
  const nonce = randomBytes(16);
  const cipher = createCipheriv("aes-256-ctr", Buffer.from(encrypt, "base64"), nonce);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const pad = createCipheriv("aes-128-ecb", Buffer.from(mac.k, "base64"), null)
    .setAutoPadding(false)
    .update(nonce);
  return Buffer.concat([nonce, sealed, poly1305(sealed, Buffer.from(mac.r, "base64"), pad)]);
}

function poly1305(message: Buffer, key: Buffer, pad: Buffer): Buffer {
  const r = number(key) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const part = Buffer.concat([message.subarray(at, at + 16), Buffer.from([1])]);
    sum = ((sum + number(part)) * r) % (2n ** 130n - 5n);
  }
  const tag = (sum + number(pad)) % 2n ** 128n;
  return Buffer.from(Buffer.from(tag.toString(16).padStart(32, "0"), "hex").toReversed());
}

/** Little-endian. */
function number(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
