import { assert } from "@shipkeeper/kit";
import type { Fleet } from "../fleet/start-fleet.ts";
import type { LabHost } from "../fleet/lab-host.ts";
import { forEachBounded } from "../for-each-bounded.ts";
import { backdateContainers } from "../forge/backdate-containers.ts";
import { createVolume, writeEntries } from "../forge/fill-volume.ts";
import { loadImages } from "../forge/load-images.ts";
import { runContainer } from "../forge/run-container.ts";
import type { StaleContainer, World, WorldHost, WorldVolume } from "./world.ts";

export interface FurnishProgress {
  host: string;
  /** What the host has just got. */
  got: "images" | "stale containers" | "volumes" | "containers";
  /** Over all hosts. */
  done: number;
  total: number;
}

/** More only makes the engines wait for each other: loading and starting is work for the processor. */
const HOSTS_AT_ONCE = 4;
const CONTAINERS_AT_ONCE = 2;
const STEPS_PER_HOST = 4;

/**
 * Makes the world real on a fleet whose hosts have the world's names. Sick containers are started and not waited for:
 * they fall ill within a second or two.
 *
 * @throws the first host's error; the fleet is then half furnished.
 */
export async function furnish(
  fleet: Fleet,
  world: World,
  onProgress: (progress: FurnishProgress) => void = () => undefined,
): Promise<void> {
  const total = world.hosts.length * STEPS_PER_HOST;
  let done = 0;

  await forEachBounded(world.hosts, HOSTS_AT_ONCE, async (wanted) => {
    const host = fleet.host(wanted.name);
    const report = (got: FurnishProgress["got"]) => onProgress({ host: host.name, got, done: ++done, total });
    await furnishImages(host, wanted);
    report("images");
    await leaveStale(host, wanted.staleContainers); // first: it restarts the engine
    report("stale containers");
    for (const volume of wanted.volumes) await furnishVolume(host, volume);
    report("volumes");
    await forEachBounded(wanted.containers, CONTAINERS_AT_ONCE, async (spec) => {
      await runContainer(host, { ...spec, settle: false });
    });
    report("containers");
  });
}

async function furnishImages(host: LabHost, { supersededImages, images }: WorldHost): Promise<void> {
  await loadImages(host, supersededImages);
  await loadImages(host, images);
}

async function leaveStale(host: LabHost, stale: readonly StaleContainer[]): Promise<void> {
  const pasts = await Promise.all(
    stale.map(async ({ spec, createdAt, finishedAt }) => {
      assert(spec.behaves?.kind === "exited", "a stale container has exited");
      const { id } = await runContainer(host, spec);
      return { id, createdAt, finishedAt };
    }),
  );
  await backdateContainers(host, pasts);
}

async function furnishVolume(host: LabHost, { name, labels, files }: WorldVolume): Promise<void> {
  await writeEntries(await createVolume(host, name, labels), files);
}
