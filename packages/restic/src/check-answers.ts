/** What `restic check` prints. It is text for people in every version; the words around the ids come and go. */
import { maskUrls } from "./repository.ts";

export interface Damage {
  /** Whether the repository's parts do not fit together, or the bytes of one are not what they were. */
  readonly level: "structure" | "bytes";
  /** The beginning of the id of what is damaged. */
  readonly id: string;
  /** In restic's words, ids shortened: `pack 4eea6f42: does not exist`. */
  readonly message: string;
}

export interface PackCounts {
  /** Packs that were read whole; absent where only the structure was checked. */
  readonly packsRead?: number;
  readonly packs?: number;
}

/** How restic ends where it found damage. Other ends, such as a lock or a lost connection, say nothing of the content. */
const FOUND = /repository contains errors|LoadIndex returned errors|config or key \w+ is damaged/;
/** Tries that go on, and packs that an interrupted backup left behind. */
const HARMLESS = /returned error, retrying|not referenced in any index/;
const OF_BYTES = /pack id does not match|failed to download|contains \d+ error|hash mismatch|StreamPack/i;
const ID = /(?<![0-9a-f])[0-9a-f]{8,64}(?![0-9a-f])/g;
const SHORT = 8;
const MOST_MESSAGE = 200;

/** What is damaged by the lines of standard error; nothing where restic ended for another reason. */
export function readDamage(lines: readonly string[]): Damage[] {
  if (!lines.some((line) => FOUND.test(line))) return [];
  const found = new Map<string, Damage>();
  for (const line of lines) {
    const [first] = line.match(ID) ?? [];
    if (first === undefined || HARMLESS.test(line)) continue;
    const id = first.slice(0, SHORT);
    const level = OF_BYTES.test(line) ? "bytes" : "structure";
    const message = maskUrls(line)
      .replace(ID, (long) => long.slice(0, SHORT))
      .replace(/^(?:Fatal|error): /, "")
      .trim()
      .slice(0, MOST_MESSAGE);
    // A tree's own line says only that more follow, indented.
    const before = found.get(`${level} ${id}`);
    if (before === undefined || before.message.endsWith(":"))
      found.set(`${level} ${id}`, { level, id, message });
  }
  if (found.size > 0) return [...found.values()];
  const message = lines
    .filter((line) => line.trim() !== "")
    .slice(-2)
    .join("; ")
    .slice(0, MOST_MESSAGE);
  return [{ level: "structure", id: "", message }];
}

/** How many packs were read, and how many there are. */
export function readPackCounts(lines: readonly string[]): PackCounts {
  for (const line of lines) {
    const [, packsRead, packs] = /of (\d+) data packs \(out of total (\d+) packs/.exec(line) ?? [];
    if (packsRead !== undefined) return { packsRead: Number(packsRead), packs: Number(packs) };
  }
  if (!lines.some((line) => line.startsWith("read all data"))) return {};
  const [, all = "0"] = lines.flatMap((line) => /(\d+) packs$/.exec(line) ?? []);
  return { packsRead: Number(all), packs: Number(all) };
}
