/**
 * Compares files of a restore point with those that it was made of. Only files that nobody changed since count: for them a
 * difference means that the backup, or the disk below the source, lost something.
 */
import { createHash } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { lstat, mkdir, open, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fractionOf, printable, SECOND_MS } from "@shipkeeper/kit";
import type { ListedFile, Restic, Snapshot } from "@shipkeeper/restic";

export interface SampleRequest {
  readonly repository: string;
  readonly snapshot: Pick<Snapshot, "id" | "at">;
  /** The folder as the restore point names it. */
  readonly root: string;
  /** The same folder as it is now. */
  readonly source: string;
  /** Files are drawn by it: another one draws others. */
  readonly seed: string;
  readonly scratchIn: string;
}

export interface Sample {
  /** That the restore point holds. */
  readonly files: number;
  readonly equal: number;
  /** Below the dataset's folder. */
  readonly different: readonly string[];
}

const MOST_COMPARED = 20;
/** So many are looked at for unchanged ones. */
const MOST_DRAWN = 500;
const MOST_FILE_BYTES = 64 * 2 ** 20;
const MOST_BYTES = 256 * 2 ** 20;
/** A file that changed while it was read can keep a time of modification that is as old as the kernel's clock is coarse. */
const SETTLED_MS = 2 * SECOND_MS;

type Files = Pick<Restic, "listFiles" | "restore">;

export async function compareWithSource(
  request: SampleRequest,
  restic: Files,
  signal: AbortSignal,
): Promise<Sample> {
  const { files, drawn } = await drawFiles(request, restic, signal);
  const unchanged = await firstUnchanged(drawn, request);
  if (unchanged.length === 0) return { files, equal: 0, different: [] };

  return withScratch(request, async (target, cell) => {
    const { repository, snapshot } = request;
    const include = unchanged.map(({ path }) => path);
    await restic.restore(repository, { id: snapshot.id, include, target, cell }, signal);

    const different: string[] = [];
    let equal = 0;
    for (const file of unchanged) {
      signal.throwIfAborted();
      const result = await compare(file, join(target, file.path), sourcePath(file, request));
      if (result === "equal") equal += 1;
      if (result === "different") different.push(relative(request.root, file.path));
    }
    return { files, equal, different };
  });
}

/** Folders that only root can enter. One look at a repository at a time: what lies there is of one that was killed. */
async function withScratch<T>(
  { scratchIn, repository }: SampleRequest,
  work: (target: string, cell: string) => Promise<T>,
): Promise<T> {
  const name = createHash("sha256").update(repository).digest("hex").slice(0, 16);
  const folder = join(scratchIn, `shipkeeper-verify-${name}`);
  const [target, cell] = [join(folder, "read"), join(folder, "cell")];
  const remove = () => rm(folder, { recursive: true, force: true });
  await remove();
  try {
    for (const made of [folder, target, cell]) await mkdir(made, { mode: 0o700 });
    return await work(target, cell);
  } finally {
    await remove();
  }
}

/** What was found, where it is not simply good. */
export function describeSample({ files, equal, different }: Sample): string | undefined {
  if (different.length > 0) {
    const named = different.slice(0, 3).map((path) => printable(path));
    const more = different.length - named.length;
    const names = [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
    return `${different.length} of ${equal + different.length} compared files differ from the source, which nobody changed since: ${names}`;
  }
  return equal > 0
    ? undefined
    : `nothing could be compared: none of its ${files} files is unchanged since and small enough`;
}

/** Some files, in an order that depends on the seed alone, and how many there are. */
async function drawFiles(
  { repository, snapshot, seed }: SampleRequest,
  restic: Files,
  signal: AbortSignal,
): Promise<{ files: number; drawn: ListedFile[] }> {
  let files = 0;
  let drawn: { rank: number; file: ListedFile }[] = [];
  const cut = () => {
    drawn.sort((a, b) => a.rank - b.rank);
    drawn = drawn.slice(0, MOST_DRAWN);
  };
  const take = (file: ListedFile) => {
    files += 1;
    if (file.bytes === 0 || file.bytes > MOST_FILE_BYTES) return;
    drawn.push({ rank: fractionOf(`${seed} ${file.path}`), file });
    if (drawn.length >= 2 * MOST_DRAWN) cut();
  };
  await restic.listFiles(repository, snapshot.id, take, signal);
  cut();
  return { files, drawn: drawn.map(({ file }) => file) };
}

async function firstUnchanged(drawn: readonly ListedFile[], request: SampleRequest): Promise<ListedFile[]> {
  const settledBeforeNs = BigInt(request.snapshot.at - SETTLED_MS) * 1_000_000n;
  const unchanged: ListedFile[] = [];
  let bytes = 0;
  for (const file of drawn) {
    if (unchanged.length >= MOST_COMPARED) break;
    if (bytes + file.bytes > MOST_BYTES || file.modifiedAtNs >= settledBeforeNs) continue;
    if (!isAsListed(await look(sourcePath(file, request)), file)) continue;
    unchanged.push(file);
    bytes += file.bytes;
  }
  return unchanged;
}

async function compare(
  file: ListedFile,
  restored: string,
  source: string,
): Promise<"equal" | "different" | "changed"> {
  const sourceHash = await hashOf(source);
  // Looked at again: who changed it while it was read left a trace there.
  if (sourceHash === undefined || !isAsListed(await look(source), file)) return "changed";
  const isWhole = isAsListed(await look(restored), file);
  return isWhole && (await hashOf(restored)) === sourceHash ? "equal" : "different";
}

const sourcePath = ({ path }: ListedFile, { root, source }: SampleRequest) =>
  join(source, relative(root, path));

function look(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}

function isAsListed(seen: BigIntStats | undefined, { bytes, modifiedAtNs }: ListedFile): boolean {
  return seen?.isFile() === true && seen.size === BigInt(bytes) && seen.mtimeNs === modifiedAtNs;
}

/** Undefined where there is no such file, or no file. What belongs to containers may be swapped for a link or a pipe. */
async function hashOf(path: string): Promise<string | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    if (!(await handle.stat()).isFile()) return undefined;
    const hash = createHash("sha256");
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
