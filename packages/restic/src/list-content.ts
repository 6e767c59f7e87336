/** Lists what a restore point holds. */
import { HOUR_MS, parseInstant } from "@shipkeeper/kit";
import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { RunInRepository } from "./run-in-repository.ts";

export interface ListedFile {
  /** Absolute, as it was backed up. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtNs: bigint;
}

const nodeSchema = z.object({
  struct_type: z.literal("node"),
  type: z.literal("file"),
  path: z.string(),
  size: countSchema.default(0),
  mtime: z.string(),
});

const DEADLINE_MS = HOUR_MS;

export function listContent(run: RunInRepository) {
  return {
    /** Calls `onFile` for every file of a restore point, one after the other: there may be millions. */
    async listFiles(
      repositoryName: string,
      id: string,
      onFile: (file: ListedFile) => void,
      signal?: AbortSignal,
    ): Promise<void> {
      await run(repositoryName, {
        attempt: `list the files of ${id.slice(0, 8)}`,
        args: ["ls", "--json", "--no-lock", id],
        deadlineMs: DEADLINE_MS,
        signal,
        onLine(line) {
          const file = readFile(line);
          if (file !== undefined) onFile(file);
        },
      });
    },
  };
}

/** Undefined for what is no file. */
function readFile(line: string): ListedFile | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const node = nodeSchema.safeParse(json).data;
  const modifiedAtNs = node === undefined ? undefined : readNanoseconds(node.mtime);
  if (node === undefined || modifiedAtNs === undefined) return undefined;
  return { path: node.path, bytes: node.size, modifiedAtNs };
}

/** `2030-01-31T02:00:00.123456789+01:00`: an instant alone would lose what is below a millisecond. */
export function readNanoseconds(text: string): bigint | undefined {
  const [, date = "", fraction = "", zone = ""] =
    /^([^.Z+]+T[\d:]+)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const at = parseInstant(`${date}${zone}`);
  return at === undefined ? undefined : BigInt(at) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
