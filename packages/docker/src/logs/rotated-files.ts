import { stat } from "node:fs/promises";

export interface FileSeen {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly birthtimeMs: number;
}

export interface RotatedFile extends Omit<FileSeen, "birthtimeMs"> {
  readonly path: string;
  readonly packed: boolean;
}

/** More than any `max-file` that makes sense. */
const MOST_ROTATED = 100;

/** Undefined where there is no such file to be seen. */
export function seeFile(path: string): Promise<FileSeen | undefined> {
  return stat(path).then(
    (found) => (found.isFile() ? found : undefined),
    () => undefined,
  );
}

/** What the engine moved aside of a log, newest first. */
export async function rotatedFiles(path: string): Promise<RotatedFile[]> {
  const files: RotatedFile[] = [];
  for (let number = 1; number <= MOST_ROTATED; number += 1) {
    const plain = `${path}.${number}`;
    const found = await seeFile(plain);
    // While it is being packed, both are there.
    const packed = found === undefined ? await seeFile(`${plain}.gz`) : undefined;
    if (found !== undefined) files.push({ ...found, path: plain, packed: false });
    else if (packed !== undefined) files.push({ ...packed, path: `${plain}.gz`, packed: true });
    else break;
  }
  return files;
}

/**
 * Of the rotated files, newest first, those that came after the one that was held. It is among them by its inode, or,
 * once it is packed, as the oldest that is younger than what was last written into it. `late` where some that came
 * between may be gone again.
 */
export function filesAfter(
  held: { readonly ino: number; readonly mtimeMs: number },
  rotated: readonly RotatedFile[],
): { files: readonly RotatedFile[]; late: boolean } {
  const place = rotated.findIndex(({ ino, packed }) => !packed && ino === held.ino);
  if (place >= 0) return { files: rotated.slice(0, place), late: false };
  const younger = rotated.filter(({ mtimeMs }) => mtimeMs >= held.mtimeMs);
  if (younger.at(-1)?.packed !== true) return { files: younger, late: true };
  return {
    files: younger.slice(0, -1),
    late: younger.length > 1 && younger.length === rotated.length,
  };
}
