import { readConfiguration, type ConfigurationSources } from "./read-configuration.ts";
import { makeHostBundle, type BundleFiles } from "./host-bundle.ts";
import { readHostFiles } from "./read-files.ts";

export interface BundleSources extends ConfigurationSources {
  /** Public halves; none on a host that has no recovery key. */
  readonly recoveryKeys: readonly string[];
  /** Files of the host that are part of it, by the names that they get. */
  readonly files: Readonly<Record<string, string>>;
}

/** What this host is made of now, as the files of the dataset `host:configuration`. */
export async function collectBundle(sources: BundleSources): Promise<BundleFiles> {
  const configuration = await readConfiguration(sources);
  const { files, gaps } = await readHostFiles(configuration, sources.files);
  return makeHostBundle({
    configuration: { ...configuration, gaps: [...configuration.gaps, ...gaps] },
    files,
    recoveryKeys: sources.recoveryKeys,
  });
}
