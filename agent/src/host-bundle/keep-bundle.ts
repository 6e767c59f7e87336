import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { tag } from "@shipkeeper/restic";
import { HOST_NAME_TAG, type KeepHostBundle } from "../keep-host-bundle.ts";
import { collectBundle, type BundleSources } from "./collect-bundle.ts";
import { writeBundle } from "./host-bundle.ts";

/** Writes the bundle into one folder of the agent's state, always the same: a runbook names its path. */
export function hostBundleKeeper(
  stateDir: string,
  sources: () => Omit<BundleSources, "signal">,
): KeepHostBundle {
  const folder = join(stateDir, "host-configuration");
  return async (signal) => {
    const files = await collectBundle({ ...sources(), signal });
    await rm(folder, { recursive: true, force: true });
    await writeBundle(folder, files);
    return { folder, about: [tag(HOST_NAME_TAG, hostname())] };
  };
}
