import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** `0.14.0`; undefined where no restic answers under this name. */
export async function readResticVersion(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ["version"], { timeout: 10_000 });
    return /^restic (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** `restore --sparse` came with 0.15. */
export function canMakeHoles(version: string): boolean {
  return isAtLeast(version, 15);
}

/** `restore --overwrite if-changed` came with 0.17. */
export function canResume(version: string): boolean {
  return isAtLeast(version, 17);
}

function isAtLeast(version: string, leastMinor: number): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 0 || minor >= leastMinor;
}
