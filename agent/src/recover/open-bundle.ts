/** The configuration of a lost host, out of its repository, with what the recovery key opens of its secrets. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { InvalidInput, parseJson } from "@shipkeeper/kit";
import {
  BUNDLE_FILES,
  hostConfigurationSchema,
  missingSecrets,
  putSecrets,
  type HostConfiguration,
  type Secrets,
  type TakenOut,
} from "@shipkeeper/policy";
import { openSealed, parseRecoveryKey } from "@shipkeeper/runtime";
import * as z from "zod";
import { sealedContentSchema } from "../host-bundle/host-bundle.ts";

export interface OpenedBundle {
  readonly configuration: HostConfiguration;
  /** What was taken out and could not be put back. */
  readonly missing: readonly TakenOut[];
}

/** `keyText` as a person typed it. Throws `InvalidInput` where the folder holds no configuration, or the key does not open it. */
export async function openBundle(folder: string, keyText: string | undefined): Promise<OpenedBundle> {
  const configuration = await readConfiguration(folder);
  const secrets = keyText === undefined ? {} : await openSecrets(folder, keyText);
  return {
    configuration: putSecrets(configuration, secrets),
    missing: missingSecrets(configuration.takenOut, secrets),
  };
}

async function readConfiguration(folder: string): Promise<HostConfiguration> {
  const parsed = hostConfigurationSchema.safeParse(
    parseJson(await readFile(join(folder, BUNDLE_FILES.configuration), "utf8")),
  );
  if (parsed.success) return parsed.data;
  throw new InvalidInput("the configuration of the host cannot be read", [z.prettifyError(parsed.error)]);
}

async function openSecrets(folder: string, keyText: string): Promise<Secrets> {
  if (!(await readdir(folder)).includes(BUNDLE_FILES.secrets)) return {};
  const sealed = await readFile(join(folder, BUNDLE_FILES.secrets), "utf8");
  const opened = openSealed(parseRecoveryKey(keyText), sealed);
  return sealedContentSchema.parse(parseJson(Buffer.from(opened).toString("utf8"))).values;
}
