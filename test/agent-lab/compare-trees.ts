import { execFileSync } from "node:child_process";

export interface TreesCompared {
  /** How many entries the first has. */
  readonly entries: number;
  /** The first of them, with names in hex, so that no name can hide anything. */
  readonly differences: readonly string[];
}

/**
 * Compares all that two trees are: names, kinds, modes, owners, times, links, which names are one file, attributes and
 * content. Content is told by the blocks that are not zeros and where they are, so that huge holes cost nothing.
 */
export function compareTrees(first: string, second: string): TreesCompared {
  const out = execFileSync("python3", ["-c", SCRIPT, first, second], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  return JSON.parse(out) as TreesCompared;
}

const SCRIPT = `
import errno, hashlib, json, os, stat, sys

BLOCK = 65536
ZEROS = bytes(BLOCK)

def digest(path, size):
    seen = hashlib.sha256(b"%d" % size)
    with open(path, "rb", buffering=0) as file:
        at = 0
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO: raise
                break
            at -= at % BLOCK
            block = os.pread(file.fileno(), BLOCK, at)
            if block != ZEROS[:len(block)]:
                seen.update(b"%d:" % at)
                seen.update(block)
            at += BLOCK
    return seen.hexdigest()

def describe(root):
    root = os.fsencode(root)
    found, inodes = {}, {}
    def add(path, name):
        s = os.lstat(path)
        what = None
        if stat.S_ISLNK(s.st_mode): what = os.readlink(path).hex()
        elif stat.S_ISREG(s.st_mode): what = digest(path, s.st_size)
        attributes = [] if stat.S_ISLNK(s.st_mode) else [(k, os.getxattr(path, k).hex()) for k in sorted(os.listxattr(path))]
        first = inodes.setdefault(s.st_ino, name)
        found[name] = (oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns, s.st_rdev, first.hex(), what, attributes)
    add(root, b".")
    for base, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(base, name)
            add(path, os.path.relpath(path, root))
    return found

first, second = describe(sys.argv[1]), describe(sys.argv[2])
differences = [f"{name.hex()}: {first.get(name)} and {second.get(name)}" for name in sorted(first.keys() | second.keys())
               if first.get(name) != second.get(name)]
print(json.dumps({"entries": len(first), "differences": differences[:20]}))
`;
