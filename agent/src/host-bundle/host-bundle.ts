/**
 * The dataset `host:configuration` as a folder: what another host needs to become this one, readable but for what looks
 * secret, which only the recovery key opens. Without a recovery key secrets are not kept, and the folder says which.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { maskSecrets } from "@shipkeeper/kit";
import { BUNDLE_FILES, takeSecrets, writeRunbook, type HostConfiguration } from "@shipkeeper/policy";
import { tag } from "@shipkeeper/restic";
import { sealFor } from "@shipkeeper/runtime";
import * as z from "zod";
import type { HostFile } from "./read-files.ts";

/** File below the folder → text. */
export type BundleFiles = ReadonlyMap<string, string>;

/** What `secrets.sealed` opens to. */
export const sealedContentSchema = z.object({
  format: z.literal(1),
  /** JSON pointer into the configuration → text. */
  values: z.record(z.string(), z.string()),
  /** File below the folder → whole text, of those that are not whole in the open. */
  files: z.record(z.string(), z.string()),
});
export type SealedContent = z.infer<typeof sealedContentSchema>;

export interface BundleParts {
  /** With its secrets. */
  readonly configuration: HostConfiguration;
  readonly files: readonly HostFile[];
  /** Public halves; none on a host that has no recovery key. */
  readonly recoveryKeys: readonly string[];
}

export function makeHostBundle({ configuration, files, recoveryKeys }: BundleParts): BundleFiles {
  const { open, takenOut, secrets } = takeSecrets(configuration);
  const known = Object.values(secrets);
  const masked = files.map((file) => ({ ...file, open: maskSecrets(file.text, known) }));
  const notWhole = masked.filter((file) => file.open !== file.text);
  const kept: HostConfiguration = { ...open, takenOut };
  const sealed: SealedContent = {
    format: 1,
    values: secrets,
    files: Object.fromEntries(notWhole.map(({ name, text }) => [name, text])),
  };
  const hasSecrets = takenOut.length > 0 || notWhole.length > 0;

  return new Map([
    [BUNDLE_FILES.configuration, `${JSON.stringify(kept, undefined, 2)}\n`],
    [BUNDLE_FILES.runbook, writeRunbook(kept, (dataset) => tag("dataset", dataset))],
    ...masked.map((file): [string, string] => [`files/${file.name}`, file.open]),
    ...(files.length === 0 ? [] : [["files/PATHS.txt", pathsOf(files)] as [string, string]]),
    ...(hasSecrets && recoveryKeys.length > 0
      ? [
          [BUNDLE_FILES.secrets, sealFor(recoveryKeys, Buffer.from(JSON.stringify(sealed)))] as [
            string,
            string,
          ],
        ]
      : []),
  ]);
}

/** Writes the files below a folder, which only root can read. */
export async function writeBundle(folder: string, files: BundleFiles): Promise<void> {
  for (const [name, text] of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
  }
}

/** Where each file was on this host. */
function pathsOf(files: readonly HostFile[]): string {
  return `${files.map(({ name, path }) => `${name}  ${path}`).join("\n")}\n`;
}
