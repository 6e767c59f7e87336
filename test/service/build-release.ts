import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/build-release.ts");

/** Makes a release folder of the checkout as it is, under the given version, and returns its path. */
export async function buildRelease(out: string, version: string): Promise<string> {
  await promisify(execFile)(process.execPath, [SCRIPT, "--no-archive", "--out", out, "--version", version]);
  return join(out, `shipkeeper-${version}-linux-${process.arch}`);
}
