/** What a repository holds of a host, and how the host is rebuilt here for a try. Makes nothing yet. */
import { join } from "node:path";
import { formatBytes } from "@shipkeeper/kit";
import {
  explainRecoveryStep,
  missingRoom,
  planRecovery,
  refusedSteps,
  scratchHost,
  type HostConfiguration,
  type RebuildSpec,
  type RecoveryPoint,
  type RecoveryStep,
  type ScratchHost,
} from "@shipkeeper/policy";

import type { Restic } from "@shipkeeper/restic";
import { findLostHost, type LostHost } from "../../recover/find-lost-host.ts";
import { openBundle } from "../../recover/open-bundle.ts";
import { restoreToPath } from "../../restore/restore.ts";
import type { ActContext } from "../action-context.ts";
import { scratchLabels, scratchThing } from "../drill/scratch.ts";
import { shortened, type DrillContext, type Findings } from "../drill/with-receipt.ts";

/** So many processes as no usual application needs. */
const MOST_PIDS = 1_000;

export interface RebuildRequest {
  readonly spec: RebuildSpec;
  readonly restic: Restic;
  /** As a person typed it; undefined where root put none on this host. */
  readonly recoveryKey: string | undefined;
}

export type RebuildContext = DrillContext & Pick<ActContext, "engineDisk">;

export interface LocatedHost {
  readonly scratch: ScratchHost;
  readonly steps: readonly RecoveryStep[];
  /** Scratch names of the containers that the engine would start again where they end. */
  readonly restarting: ReadonlySet<string>;
  /** A text with the names that things had on their host. */
  readonly say: (text: string) => string;
}

/** Throws where the host cannot be rebuilt here. What is known of it by then is in `found`. */
export async function locateHost(
  { spec, restic, recoveryKey }: RebuildRequest,
  { found, folder }: { readonly found: Findings; readonly folder: string },
  context: RebuildContext,
): Promise<LocatedHost> {
  const { engine, runId, log, signal } = context;
  const lost = await findLostHost({ repository: spec.from, host: spec.host }, restic, signal);
  const { restorePoint } = lost.configuration;
  found.restorePoint = restorePoint;
  const to = join(folder, "configuration");
  const onProgress = (line: string) => log.debug({ runId }, line);
  await restoreToPath({ restorePoint, to, restic, onProgress, signal });
  const { configuration, missing } = await openBundle(to, recoveryKey);
  found.ofHost = { id: configuration.host.id, name: configuration.host.name };

  const scratch = scratchHost(configuration, lost.points, {
    nameOf: (place) => scratchThing(runId, place),
    labels: scratchLabels(runId),
    limits: limitsOf(spec),
  });
  const images = await engine.imageNames({ signal });
  const steps = planRecovery({
    configuration: scratch.configuration,
    missing,
    points: scratch.points,
    target: { networks: [], volumes: [], containers: [], images, filledFolders: [] },
    begun: new Set(),
  });
  const names = new RegExp(`${scratchThing(runId, 0).slice(0, -1)}\\d+|sha256:[0-9a-f]{64}`, "g");
  const say = (text: string) => text.replaceAll(names, (name) => scratch.realNames.get(name) ?? name);
  const warnings = [...configuration.gaps, ...steps.flatMap((step) => step.warnings), ...scratch.left];
  found.warnings = shortened(warnings.map(say));
  refuse(steps, say);
  const restored = scratch.points.filter(({ dataset }) => steps.some((step) => step.dataset === dataset));
  found.dataAt = oldest(restored, lost);
  await insistOnRoom(restored, { restic, from: spec.from }, context);
  return { scratch, steps, restarting: restartingIn(configuration, scratch), say };
}

function limitsOf({ drill: { memory, cpus } }: RebuildSpec) {
  return { memoryBytes: memory, nanoCpus: Math.round(cpus * 1e9), pids: MOST_PIDS };
}

/** Of all data that comes back; of a host without any its configuration is what is lost. */
function oldest(restored: readonly RecoveryPoint[], { configuration }: LostHost): number {
  const data = restored.filter(({ dataset }) => !dataset.startsWith("image:"));
  return data.length === 0 ? configuration.at : Math.min(...data.map(({ at }) => at));
}

function refuse(steps: readonly RecoveryStep[], say: (text: string) => string): void {
  const nowhere = steps.filter(({ reason }) => reason.why === "by-name");
  const refused = [
    ...refusedSteps(steps).map((step) => say(explainRecoveryStep(step).replaceAll(/ +/g, " "))),
    ...nowhere.map(
      ({ name }) => `image ${say(name)} is not in the repository, and no registry is known to have it`,
    ),
  ];
  if (refused.length > 0) throw new Error(`it cannot be rebuilt: ${refused.join("; ")}`);
}

async function insistOnRoom(
  points: readonly RecoveryPoint[],
  { restic, from }: { readonly restic: Restic; readonly from: string },
  { engineDisk, signal }: RebuildContext,
): Promise<void> {
  const [first, ...others] = points.map(({ restorePoint }) => restorePoint);
  const disk = await engineDisk();
  if (first === undefined || disk === undefined) return;
  const { bytes } = await restic.sizeOf(from, [first, ...others], signal);
  const missing = missingRoom(bytes, disk);
  if (missing === undefined) return;
  const { needBytes, freeBytes } = missing;
  throw new Error(
    `it needs ${formatBytes(needBytes)}, and this host's disk has ${formatBytes(freeBytes)} to spare`,
  );
}

/** By their places in the list, which are the same in both. */
function restartingIn({ containers }: HostConfiguration, scratch: ScratchHost): Set<string> {
  return new Set(
    containers.flatMap(({ blueprint }, place) => {
      const host = blueprint.create["HostConfig"] as { RestartPolicy?: { Name?: string } } | undefined;
      const policy = host?.RestartPolicy?.Name ?? "";
      const name = scratch.configuration.containers[place]?.blueprint.name;
      return policy === "" || policy === "no" || name === undefined ? [] : [name];
    }),
  );
}
