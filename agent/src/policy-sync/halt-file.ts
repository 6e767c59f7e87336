import { existsSync, readFileSync } from "node:fs";
import { writeFileDurably } from "@shipkeeper/runtime";
import * as z from "zod";

const haltSchema = z.strictObject({ revision: z.int() });

/**
 * The revision whose rollout was halted, as the collector last said. It stays on disk when a newer revision comes, and
 * then means nothing. Undefined where there never was one. Throws where the file cannot be read.
 */
export function loadHalt(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  return haltSchema.parse(JSON.parse(readFileSync(file, "utf8"))).revision;
}

export function saveHalt(file: string, revision: number): void {
  writeFileDurably(file, `${JSON.stringify({ revision })}\n`, 0o600);
}
