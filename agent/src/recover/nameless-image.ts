/**
 * Takes the names out of an image that `docker save` wrote, so that loading it moves no name of the host's. In place: the
 * archive lists names in small JSON files, and shorter JSON is filled up with blanks.
 */
import { open, type FileHandle } from "node:fs/promises";
import { assert } from "@shipkeeper/kit";

const BLOCK = 512;
/** Of the archive's lists; they have some kilobytes. */
const MOST_JSON_BYTES = 16 * 2 ** 20;

type Settings = Record<string, unknown>;

/** File of the archive → what it says without names. The engines' several formats each have one of their own. */
const WITHOUT_NAMES: Readonly<Record<string, (list: unknown) => unknown>> = {
  "manifest.json": (list) => recordsIn(list).map((image) => ({ ...image, RepoTags: null })),
  repositories: () => ({}),
  "index.json": (list) => ({
    ...(list as Settings),
    manifests: recordsIn((list as Settings)["manifests"]).map(
      ({ annotations: _names, ...manifest }) => manifest,
    ),
  }),
};

/** Throws where the file is no archive that it understands; then it may not be loaded. */
export async function takeNamesOut(file: string): Promise<void> {
  const archive = await open(file, "r+");
  try {
    let bare = false;
    for await (const { name, at, size } of entriesOf(archive)) {
      const without = WITHOUT_NAMES[name];
      if (without === undefined) continue;
      await rewrite(archive, { at, size, without });
      bare ||= name !== "repositories";
    }
    if (!bare) throw new Error(`${file} is no image that was saved: it lists none`);
  } finally {
    await archive.close();
  }
}

interface Entry {
  readonly name: string;
  readonly at: number;
  readonly size: number;
}

async function* entriesOf(archive: FileHandle): AsyncGenerator<Entry> {
  const header = Buffer.alloc(BLOCK);
  /** What an extended header says of the size of the next entry. */
  let said: number | undefined;
  for (let at = 0; ;) {
    const { bytesRead } = await archive.read(header, 0, BLOCK, at);
    if (bytesRead < BLOCK || header[0] === 0) return;
    const isExtension = header.toString("latin1", 156, 157) === "x";
    const size = isExtension ? sizeIn(header) : (said ?? sizeIn(header));
    const content = at + BLOCK;
    if (isExtension) said = sizeSaid(await contentOf(archive, content, size));
    else {
      said = undefined;
      yield { name: textIn(header, 0, 100).replace(/^\.\//, ""), at: content, size };
    }
    at = content + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** Eleven octal digits, or for what is larger a number of bytes behind a mark. */
function sizeIn(header: Buffer): number {
  const isBinary = ((header[124] ?? 0) & 0x80) !== 0;
  const size = isBinary
    ? Number(header.readBigUInt64BE(128))
    : Number.parseInt(textIn(header, 124, 136).trim() || "0", 8);
  if (!Number.isSafeInteger(size)) throw new Error("the archive of the image is damaged");
  return size;
}

function sizeSaid(extension: Buffer): number | undefined {
  const size = /(?:^|\n)\d+ size=(\d+)\n/.exec(extension.toString("utf8"))?.[1];
  return size === undefined ? undefined : Number(size);
}

function textIn(header: Buffer, from: number, to: number): string {
  return header.toString("utf8", from, to).replace(/\0.*$/s, "");
}

async function rewrite(
  archive: FileHandle,
  { at, size, without }: { at: number; size: number; without: (list: unknown) => unknown },
): Promise<void> {
  const list: unknown = JSON.parse((await contentOf(archive, at, size)).toString("utf8"));
  const bare = Buffer.alloc(size, " ");
  const written = Buffer.from(JSON.stringify(without(list)));
  assert(written.length <= size, "less JSON takes less room");
  written.copy(bare);
  await archive.write(bare, 0, size, at);
}

async function contentOf(archive: FileHandle, at: number, size: number): Promise<Buffer> {
  if (size > MOST_JSON_BYTES) throw new Error("a list in the archive of the image is too long");
  const content = Buffer.alloc(size);
  const { bytesRead } = await archive.read(content, 0, size, at);
  if (bytesRead < size) throw new Error("the archive of the image breaks off");
  return content;
}

function recordsIn(list: unknown): Settings[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === "object" && one !== null) : [];
}
