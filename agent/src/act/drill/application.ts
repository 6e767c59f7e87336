/** The program of a container, run beside it on restored data: in a network that leads to this host and no further, with nothing that is real. */
import { lstat } from "node:fs/promises";
import { SECOND_MS, formatDuration, type Instant } from "@shipkeeper/kit";
import { isAlive, type Container, type ContainerId, type Mount, type VolumeName } from "@shipkeeper/model";
import type { DrillSpec } from "@shipkeeper/policy";
import type { ActContext } from "../action-context.ts";
import { scratchLabels, scratchName, scratchVolume } from "./scratch.ts";

/** So many processes as no usual application needs. */
const MOST_PIDS = 1_000;
/** Without a health check a container counts as well when it has run for so long. */
const STEADY_MS = 10 * SECOND_MS;
const LOOK_EVERY_MS = 500;

export interface Boot {
  readonly source: Container;
  /** Where the source has its data → the scratch volume that it was restored into. */
  readonly restored: ReadonlyMap<string, VolumeName>;
  readonly spec: Pick<DrillSpec, "memory" | "cpus">;
}

/** Makes network, scratch volumes and container, and starts it. Throws what the engine throws. */
export async function bootApplication(
  { source, restored, spec }: Boot,
  { engine, runId, signal }: Pick<ActContext, "engine" | "runId" | "signal">,
): Promise<ContainerId> {
  const name = scratchName(runId);
  const labels = scratchLabels(runId);
  const volumes = new Map(restored);
  for (const mount of source.mounts) {
    if (!restored.has(mount.destination) && (await wantsFolder(mount))) {
      const empty = scratchVolume(runId, volumes.size + 1);
      await engine.createVolume(empty, labels, { signal });
      volumes.set(mount.destination, empty);
    }
  }
  const { id: network } = await engine.createInternalNetwork(name, labels, { signal });
  const limits = { memoryBytes: spec.memory, nanoCpus: Math.round(spec.cpus * 1e9), pids: MOST_PIDS };
  const copy = await engine.copyIsolated(
    source.id,
    name,
    { network, volumes, labels, ...limits },
    { signal },
  );
  if (copy === "already-gone") throw new Error(`container ${source.name} was removed meanwhile`);
  await engine.startContainer(copy.id, { signal });
  return copy.id;
}

/** A mounted file or socket of the host has no stand-in: the image's own content stays in its place. */
export async function wantsFolder({ type, source }: Mount): Promise<boolean> {
  if (type === "volume") return true;
  if (type !== "bind") return false;
  return lstat(source).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

export interface Wellness {
  readonly well: boolean;
  readonly said: string;
}

/** Awaits that the container is well: healthy, or, without a health check, up for some seconds. */
export async function awaitWell(
  id: ContainerId,
  withinMs: number,
  context: Pick<ActContext, "engine" | "clock" | "pause" | "signal">,
): Promise<Wellness> {
  const { engine, clock, pause, signal } = context;
  const startedAt = clock();
  for (;;) {
    const container = await engine.container(id, { signal });
    const judged = judge(container, startedAt, clock());
    if (judged !== undefined) return judged;
    if (clock() - startedAt > withinMs) {
      const health = container?.health.status ?? "gone";
      return { well: false, said: `not well within ${formatDuration(withinMs)}, its health is ${health}` };
    }
    await pause(LOOK_EVERY_MS, { signal });
  }
}

/** Undefined while it may still become well. */
function judge(container: Container | undefined, startedAt: Instant, now: Instant): Wellness | undefined {
  if (container === undefined) return { well: false, said: "its container is gone" };
  if (!isAlive(container)) {
    const why = container.oomKilled ? ", out of memory" : "";
    return { well: false, said: `it ended with exit code ${container.exitCode ?? "unknown"}${why}` };
  }
  const { status } = container.health;
  if (status === "healthy") return { well: true, said: "healthy" };
  const isSteady = status === "none" && now - startedAt >= STEADY_MS;
  return isSteady ? { well: true, said: `up for ${formatDuration(STEADY_MS)}` } : undefined;
}
