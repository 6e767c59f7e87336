/**
 * A cell for a program that takes hostile content apart: a mount namespace whose root is this host's files, read-only,
 * without `/proc`, `/sys` and the sockets of `/run`, and with few writable folders. Whatever path such a program is
 * led to by a link or a name, nothing else can be written. The reasons are in docs/decisions/0005-restoring.md.
 */
import { execFile } from "node:child_process";
import { readFile, realpath } from "node:fs/promises";
import { posix } from "node:path";
import { promisify } from "node:util";
import { OperationalError } from "@shipkeeper/kit";

export class CannotConfine extends OperationalError {
  override readonly name = "CannotConfine";
  readonly code = "cannot_confine";
  readonly retryable = false;
}

export interface CellNeeds {
  /** An empty folder that becomes the cell's root. */
  readonly root: string;
  readonly writable: readonly string[];
  /** Files and folders that may lie where the cell would otherwise be blind. */
  readonly readable: readonly string[];
  readonly network: boolean;
}

export interface CellMount {
  readonly how: "tmpfs" | "device" | "ro" | "rw";
  readonly path: string;
}

/** What programs, their settings and their credentials are made of; mounts below these are seen in the cell, too. */
const SYSTEM = [
  "/bin",
  "/etc",
  "/home",
  "/lib",
  "/lib32",
  "/lib64",
  "/nix",
  "/opt",
  "/root",
  "/sbin",
  "/usr",
];
/** Empty in the cell. `/proc` above all: `/proc/1/root` is a door to the host's own, writable mounts. */
const VOLATILE = ["/dev", "/proc", "/run", "/sys", "/tmp"];
const DEVICES = ["null", "zero", "full", "random", "urandom"].map((name) => `/dev/${name}`);

/**
 * What restoring owners, modes and device nodes takes, and not `sys_admin`, by which the mounts could be undone.
 * Without that one the kernel refuses extended attributes of the `trusted.` kind.
 */
const CAPABILITIES = "chown dac_override dac_read_search fowner fsetid mknod setfcap".split(" ");

/** The mounts of a cell in the order in which they are made. All paths are absolute and hold no links. */
export function planCell(
  mountPoints: readonly string[],
  { writable, readable }: Pick<CellNeeds, "writable" | "readable">,
): CellMount[] {
  const needed = [...writable, ...readable];
  const seen = mountPoints.filter(
    (point) =>
      point !== "/" &&
      !VOLATILE.some((folder) => isWithin(point, folder)) &&
      (SYSTEM.some((folder) => isWithin(point, folder)) || needed.some((path) => isWithin(path, point))),
  );
  return [
    ...[...new Set(seen)].sort().map((path): CellMount => ({ how: "ro", path })),
    ...["/dev", "/run", "/tmp"].map((path): CellMount => ({ how: "tmpfs", path })),
    ...DEVICES.map((path): CellMount => ({ how: "device", path })),
    ...readable.map((path): CellMount => ({ how: "ro", path })),
    ...writable.map((path): CellMount => ({ how: "rw", path })),
  ];
}

/**
 * The arguments in front of a program that is to run in the cell; the same process becomes the program, so that its
 * id and its signals stay what they are. Throws `CannotConfine` where this host cannot make a cell.
 */
export async function cellCommand(needs: CellNeeds): Promise<string[]> {
  try {
    const [writable, readable] = await Promise.all([realPaths(needs.writable), realPaths(needs.readable)]);
    const mounts = planCell(mountPointsOf(await readFile("/proc/self/mountinfo", "utf8")), {
      writable,
      readable,
    });
    const apart = ["--mount", "--propagation", "private", ...(needs.network ? [] : ["--net"])];
    const kept = ["-all", ...CAPABILITIES.map((name) => `+${name}`)].join(",");
    const enter = ["sh", "-c", ENTER, "cell", needs.root, kept];
    const steps = mounts.flatMap(({ how, path }) => [how, path]);
    const args = [...apart, "--", ...enter, ...steps, "--"];
    await promisify(execFile)("unshare", [...args, "true"], { timeout: 30_000 });
    return ["unshare", ...args];
  } catch (error) {
    throw new CannotConfine("this host cannot shut a restore off from everything but its target", {
      cause: error,
    });
  }
}

/** Fails at the first mount that cannot be made. The old root is let go before the program starts. */
const ENTER = `
set -eu
root=$1 capabilities=$2
shift 2
mount --bind / "$root"
mount -o remount,bind,ro,nosuid,nodev "$root"
while [ "$1" != -- ]; do
  how=$1 path=$2
  shift 2
  if [ "$how" = tmpfs ]; then
    [ ! -d "$root$path" ] || mount -t tmpfs -o size=16m,mode=0755,nosuid,nodev tmpfs "$root$path"
    continue
  fi
  if [ -d "$path" ]; then
    mkdir -p "$root$path"
  elif [ ! -e "$root$path" ]; then
    mkdir -p "$(dirname "$root$path")"
    : > "$root$path"
  fi
  mount --bind "$path" "$root$path"
  [ "$how" = device ] || mount -o "remount,bind,$how,nosuid,nodev" "$root$path"
done
shift
mount --bind /proc "$root/proc"
mkdir "$root/dev/old"
cd "$root"
pivot_root . dev/old
cd /
umount -l /dev/old
rmdir /dev/old
umount -l /proc
exec setpriv --no-new-privs --bounding-set="$capabilities" -- "$@"
`;

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The fifth field of each line; the kernel writes blanks in it as `\040`. */
export function mountPointsOf(mountinfo: string): string[] {
  return mountinfo.split("\n").flatMap((line) => {
    const point = line.split(" ")[4];
    return point === undefined ? [] : [point.replace(/\\(\d{3})/g, (_, octal: string) => fromOctal(octal))];
  });
}

function fromOctal(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}

/** What is not there cannot be needed. */
async function realPaths(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return [...new Set(found.flatMap((path) => (path === undefined ? [] : [posix.normalize(path)])))];
}
