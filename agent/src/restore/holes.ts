/**
 * Makes holes where files have only zeros: restic before 0.15 writes them out. Names are hostile and may be no text at
 * all, so they go from `find` to a shell and never through this process.
 */
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { OperationalError } from "@shipkeeper/kit";

const run = promisify(execFile);
/** Below that a hole is not worth the three programs that it takes: with them 1 GiB of such files takes seconds more. */
const LEAST = "1M";

/**
 * Digging moves a file's time and takes its capabilities, so all but the content is kept beside it and put back. Only
 * regular files are opened. Whatever is killed takes those with it that it started: none may go on in the folder of the
 * next try.
 */
const DIG = `
set -eu
kept=$1
shift
for file; do
  cp --remove-destination --attributes-only --preserve=mode,ownership,timestamps,xattr -- "$file" "$kept"
  fallocate --dig-holes -- "$file"
  cp --attributes-only --preserve=mode,ownership,timestamps,xattr -- "$kept" "$file"
done
`;

/** Digs in place, below `root`; needs no room. `scratch` is a folder of the same disk that nobody else uses. */
export async function digHoles(root: string, scratch: string, signal?: AbortSignal): Promise<void> {
  const dies = ["--pdeathsig", "KILL"];
  const dig = ["setpriv", ...dies, "sh", "-c", DIG, "dig", join(scratch, "kept"), "{}", "+"];
  const files = [root, "-xdev", "-type", "f", "-size", `+${LEAST}`, "-exec", ...dig];
  try {
    await run("setpriv", [...dies, "find", ...files], {
      env: { ...process.env, LC_ALL: "C" },
      ...(signal && { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new CannotDig(`cannot make holes in what was restored to ${root}`, { cause: error });
  }
}

export class CannotDig extends OperationalError {
  override readonly name = "CannotDig";
  readonly code = "cannot_dig_holes";
  readonly retryable = false;
}

/** Whether this host's programs and this folder's file system can, by trying it on a file of zeros. */
export async function canDigHoles(folder: string): Promise<boolean> {
  const [trial, scratch] = [join(folder, "trial"), join(folder, "trial-scratch")];
  try {
    for (const made of [trial, scratch]) await mkdir(made, { recursive: true, mode: 0o700 });
    await writeFile(join(trial, "zeros"), Buffer.alloc(2 * 2 ** 20));
    await digHoles(trial, scratch);
    return true;
  } catch (error) {
    if (!(error instanceof CannotDig)) throw error;
    return false;
  } finally {
    for (const made of [trial, scratch]) await rm(made, { recursive: true, force: true });
  }
}

/**
 * Copies with owners, modes, times, links, extended attributes and holes: for disks on which none can be dug. Takes as
 * much room again. Returns the copy.
 */
export async function copyWithHoles(from: string, to: string, signal?: AbortSignal): Promise<string> {
  const args = ["--archive", "--sparse=always", "--no-target-directory", "--", from, to];
  await run("cp", args, { ...(signal && { signal }) });
  return to;
}
