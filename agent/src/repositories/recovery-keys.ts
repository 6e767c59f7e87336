/** Which repositories a recovery key opens, by the public halves: the keys themselves are on paper, and never here. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { instantSchema } from "@shipkeeper/model";
import { recoveryPublicKey, writeFileDurably, type RecoveryKey } from "@shipkeeper/runtime";
import * as z from "zod";

const fileSchema = z.object({
  repositories: z.record(z.string(), z.object({ publicKey: z.string(), addedAt: instantSchema })),
});
type RecoveryKeys = z.infer<typeof fileSchema>["repositories"];

const fileIn = (stateDir: string) => join(stateDir, "recovery-keys.json");

/** The public halves that a host's secrets are sealed for: those made here, and those that its configuration adds. */
export function sealingKeys(stateDir: string, configured: readonly string[]): string[] {
  const made = Object.values(readRecoveryKeys(stateDir)).map(({ publicKey }) => publicKey);
  return [...new Set([...configured, ...made])];
}

/** By repository. */
export function readRecoveryKeys(stateDir: string): RecoveryKeys {
  const file = fileIn(stateDir);
  return existsSync(file) ? fileSchema.parse(JSON.parse(readFileSync(file, "utf8"))).repositories : {};
}

export function recordRecoveryKey(
  stateDir: string,
  { repository, key, at }: { repository: string; key: RecoveryKey; at: number },
): void {
  const added = { publicKey: recoveryPublicKey(key), addedAt: at };
  const repositories = { ...readRecoveryKeys(stateDir), [repository]: added };
  writeFileDurably(fileIn(stateDir), JSON.stringify({ repositories }), 0o600);
}
