import { existsSync, readFileSync } from "node:fs";

/** The recovery key where root put it for a while; undefined where there is none: then it is said what stays sealed. */
export function readRecoveryKeyFile(file: string | undefined): string | undefined {
  return file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
