/**
 * A small file on the host that somebody else writes and the agent reads again whenever it changed. One that cannot be
 * used is broken, never absent: something was meant by it, and is not known.
 */
import { readFileSync, statSync } from "node:fs";
import { errorChain } from "@shipkeeper/kit";
import { sha256Hex } from "@shipkeeper/runtime";

export type HostFile<Value> =
  | { readonly state: "absent" }
  | { readonly state: "read"; readonly value: Value; readonly sha256: string }
  | { readonly state: "broken"; readonly problem: string; readonly sha256?: string };

/** What a text comes to: a value, or what is wrong with it. */
export type ParsedFile<Value> = { readonly value: Value } | { readonly problem: string };

const MOST_BYTES = 2 ** 20;
const WORLD_WRITABLE = 0o002;

/** Reads the file now; it is opened only where it changed since the last call. */
export function hostFile<Value>(
  file: string,
  parse: (text: string) => ParsedFile<Value>,
): () => HostFile<Value> {
  let known: { mark: string; content: HostFile<Value> } | undefined;
  return () => {
    const look = lookAt(file, parse);
    if (known?.mark !== look.mark) known = { mark: look.mark, content: look.read() };
    return known.content;
  };
}

interface Look<Value> {
  /** The same while the file is the same. */
  readonly mark: string;
  read(): HostFile<Value>;
}

function lookAt<Value>(file: string, parse: (text: string) => ParsedFile<Value>): Look<Value> {
  try {
    const stats = statSync(file, { bigint: true });
    const { ino, size, mtimeNs, ctimeNs, mode, uid } = stats;
    return {
      mark: [ino, size, mtimeNs, ctimeNs, mode, uid].join(" "),
      read() {
        if (!stats.isFile()) return broken(`${file} is no file`);
        if (size > MOST_BYTES) return broken(`${file} is larger than ${MOST_BYTES} bytes`);
        if ((Number(mode) & WORLD_WRITABLE) !== 0) return broken(`everybody may write ${file}`);
        // Who may become root anyway may write it; anybody else could relax what root meant.
        if (uid !== 0n && Number(uid) !== process.getuid?.()) return broken(`${file} is not root's`);
        return readContent(file, parse);
      },
    };
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    const problem = `cannot read ${file}: ${errorChain(error)}`;
    return {
      mark: absent ? "absent" : problem,
      read: () => (absent ? { state: "absent" } : broken(problem)),
    };
  }
}

function readContent<Value>(file: string, parse: (text: string) => ParsedFile<Value>): HostFile<Value> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return broken(`cannot read ${file}: ${errorChain(error)}`);
  }
  const sha256 = sha256Hex(text);
  const parsed = parse(text);
  if ("problem" in parsed) return { ...broken(parsed.problem), sha256 };
  return { state: "read", value: parsed.value, sha256 };
}

function broken(problem: string): Extract<HostFile<never>, { state: "broken" }> {
  return { state: "broken", problem };
}
