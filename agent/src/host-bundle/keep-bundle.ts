import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Clock } from "@shipkeeper/kit";
import type { KnownRestorePoint, PolicyBundle } from "@shipkeeper/policy";
import { tag } from "@shipkeeper/restic";
import type { AgentConfig } from "../config.ts";
import { HOST_NAME_TAG, type KeepHostBundle } from "../keep-host-bundle.ts";
import { collectBundle, type BundleSources } from "./collect-bundle.ts";
import { writeBundle } from "./host-bundle.ts";

export interface KeeperSources extends Pick<BundleSources, "engine" | "hostId" | "labels"> {
  readonly restorePoints: () => readonly KnownRestorePoint[];
  /** What is in force; undefined while nothing is. */
  readonly policy: () => Pick<PolicyBundle, "revision" | "policies"> | undefined;
  /** Public halves of the keys that open what looks secret. */
  readonly recoveryKeys: () => readonly string[];
  readonly clock: Clock;
}

/** Files that every bundle has, by the names that they get; `guardrails` is where this host's lie. */
export const hostFiles = (guardrails: string): BundleSources["files"] => ({
  "daemon.json": "/etc/docker/daemon.json",
  "guardrails.yaml": guardrails,
});

/** Writes the bundle into one folder of the agent's state, always the same: people look for a runbook by its path. */
export function hostBundleKeeper(
  { stateDir, guardrails }: Pick<AgentConfig, "stateDir" | "guardrails">,
  { restorePoints, policy, recoveryKeys, clock, ...sources }: KeeperSources,
): KeepHostBundle {
  const folder = join(stateDir, "host-configuration");
  return async ({ hooks, signal }) => {
    const bundle = policy();
    const files = await collectBundle({
      ...sources,
      restorePoints: restorePoints(),
      policy: bundle && { revision: bundle.revision, policies: bundle.policies.map(({ name }) => name) },
      hooks,
      recoveryKeys: recoveryKeys(),
      files: hostFiles(guardrails),
      now: clock(),
      signal,
    });
    await rm(folder, { recursive: true, force: true });
    await writeBundle(folder, files);
    return { folder, about: [tag(HOST_NAME_TAG, hostname())] };
  };
}
