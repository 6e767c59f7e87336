import { readFileSync } from "node:fs";
import { registryClient, type RegistryClient } from "./registry-client.ts";

/** A registry as the host's configuration describes it. */
export interface RegistrySettings {
  readonly url: URL;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly caFile?: string | undefined;
}

/** Nothing is asked yet, and no file read: what is missing shows when it is needed, and may have come by then. */
export function openRegistries(
  registries: Readonly<Record<string, RegistrySettings>>,
): ReadonlyMap<string, RegistryClient> {
  return new Map(Object.entries(registries).map(([name, settings]) => [name, openRegistry(settings)]));
}

function openRegistry({ url, username, passwordFile, caFile }: RegistrySettings): RegistryClient {
  const credentials =
    username === undefined || passwordFile === undefined
      ? undefined
      : () => ({ username, password: readFileSync(passwordFile, "utf8").replace(/\r?\n$/, "") });
  const ca = caFile === undefined ? undefined : () => readFileSync(caFile, "utf8");
  return registryClient({ url, credentials, ca });
}
