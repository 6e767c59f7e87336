/** Where the engine keeps a container's log on disk, in which form, and how much of it. */
import { join } from "node:path";
import type { Container } from "@shipkeeper/model";
import { decodeFrames, decodeJsonLines, type DecodeRecords } from "./log-records.ts";

export interface LogFile {
  /** The file that is written at present; rotated ones have `.1`, `.2`, … behind it, and `.gz` where they are packed. */
  readonly path: string;
  readonly decode: DecodeRecords;
}

/** Undefined where there is no file by the driver's own design. Whether the file can be seen from here is another matter. */
export function logFileOf(
  rootDir: string,
  { id, logDriver }: Pick<Container, "id" | "logDriver">,
): LogFile | undefined {
  const folder = join(rootDir, "containers", id);
  switch (logDriver) {
    case "json-file":
      return { path: join(folder, `${id}-json.log`), decode: decodeJsonLines };
    case "local":
      return { path: join(folder, "local-logs", "container.log"), decode: decodeFrames };
    case "none":
    case "journald":
      return undefined;
    default:
      // What other drivers send away the engine keeps a copy of, so that `docker logs` works (20.10 and later).
      return { path: join(folder, "container-cached.log"), decode: decodeFrames };
  }
}

/** How much of a log is kept before it is overwritten. */
export interface LogCapacity {
  readonly fileBytes: number;
  /** With one, the file is emptied where it would be rotated. */
  readonly files: number;
}

/** What `local` does without options, and the engine's own copies always. */
const LOCAL_DEFAULT = { fileBytes: 20 * 2 ** 20, files: 5 };

/** Undefined where the log grows without end, or by rules that nobody told. */
export function logCapacityOf({
  logDriver,
  logRotation,
}: Pick<Container, "logDriver" | "logRotation">): LogCapacity | undefined {
  const fileBytes = parseSize(logRotation?.maxSize);
  const files = Number.parseInt(logRotation?.maxFile ?? "", 10);
  if (logDriver === "local") {
    return {
      fileBytes: fileBytes ?? LOCAL_DEFAULT.fileBytes,
      files: files > 0 ? files : LOCAL_DEFAULT.files,
    };
  }
  if (logDriver !== "json-file") return LOCAL_DEFAULT;
  return fileBytes === undefined ? undefined : { fileBytes, files: files > 0 ? files : 1 };
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** `10m`, `1.5g`, `100KB` as the engine reads them: by thousands. `-1` stands for no limit. */
function parseSize(text: string | undefined): number | undefined {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?) ?([kmg]?)(?:i?b)?$/i.exec(text ?? "") ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return count === undefined || factor === undefined ? undefined : Math.floor(Number(count) * factor);
}
