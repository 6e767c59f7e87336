/**
 * A kept host as one that can be rebuilt for a try on a host that has work of its own: under names that nobody else has,
 * in networks that lead to that host and no further, without anything of the host that it is tried on. Of each container only what is listed
 * comes along (`isolateProgram`, `isolateSurroundings`).
 */
import { volumeNameSchema, type IsolationLimits, type Labels } from "@shipkeeper/model";
import { datasetId, readDatasetId, type DatasetId } from "../dataset/dataset.ts";
import type { HostConfiguration, RecordedContainer } from "./host-configuration.ts";
import type { RecoveryPoint } from "./plan-recovery.ts";
import { hostOf, recordedMounts, type RecordedMount } from "./recorded-mounts.ts";
import { isTried, networksOf, scratchContainer } from "./scratch-container.ts";
import { scratchNames, type ScratchNames } from "./scratch-names.ts";
import { textsOf } from "./settings.ts";

export interface ScratchTerms {
  /** The name of the n-th thing: nothing else on the engine has it. */
  readonly nameOf: (place: number) => string;
  /** All labels that anything of it has. */
  readonly labels: Labels;
  /** Of each container. */
  readonly limits: IsolationLimits;
}

export interface ScratchHost {
  readonly configuration: HostConfiguration;
  readonly points: readonly RecoveryPoint[];
  /** Scratch name, or id of an image → what it stands for, as people know it. */
  readonly realNames: ReadonlyMap<string, string>;
  /** What of the containers is not tried, each in a sentence. */
  readonly left: readonly string[];
}

/** Containers keep their places in the list: pointers to what was taken out of them still lead there. */
export function scratchHost(
  host: HostConfiguration,
  points: readonly RecoveryPoint[],
  { nameOf, labels, limits }: ScratchTerms,
): ScratchHost {
  const names = scratchNames(nameOf);
  const byName = new Map(host.containers.map((one) => [one.blueprint.name, one]));
  const folders = new Set(namesIn(points, "bind"));
  const linked = linkedNames(host.containers);
  const mounted = host.containers.map((one) => ({ one, mounts: named(recordedMounts(one, byName), one) }));
  const volumes = volumesOf(
    host,
    points,
    mounted.flatMap(({ mounts }) => mounts),
  );
  const networks = new Set(host.containers.flatMap((one) => networksOf(one, byName)));

  return {
    configuration: {
      ...host,
      containers: mounted.map(({ one, mounts }) =>
        scratchContainer(one, { names, labels, limits, folders, byName, linked, mounts }),
      ),
      networks: [...networks].map((network) => ({
        name: names.network(network),
        create: { Driver: "bridge", Internal: true, Labels: labels },
      })),
      volumes: [...volumes.map(names.volume), ...[...folders].map(names.folder)].map((name) => ({
        name: volumeNameSchema.parse(name),
        driver: "local",
        labels,
        options: {},
        mountpoint: "",
      })),
      images: host.images.map((image) => ({ ...image, tags: [] })),
    },
    points: points.map(({ dump, ...point }) => ({
      ...point,
      dataset: scratchDataset(point.dataset, host, names),
      ...(dump && { dump: { ...dump, container: names.container(dump.container) } }),
    })),
    realNames: new Map([
      ...names.real,
      ...host.containers.map(({ blueprint }) => [blueprint.imageId, blueprint.image] as const),
    ]),
    left: mounted.flatMap(({ one, mounts }) =>
      mounts
        .filter((mount) => !isTried(mount, folders))
        .map(
          ({ source, target }) => `container ${one.blueprint.name} is tried without ${source} at ${target}`,
        ),
    ),
  };
}

/** A volume without a name gets one that says whose it is: the engine would make one that nobody finds again. */
function named(mounts: readonly RecordedMount[], { blueprint }: RecordedContainer): RecordedMount[] {
  return mounts.map((mount) => {
    const isNameless = mount.type === "volume" && mount.source === "";
    return isNameless ? { ...mount, source: `${blueprint.name}:${mount.target}` } : mount;
  });
}

/** Those that containers use, and those that would come back although none does. */
function volumesOf(
  host: HostConfiguration,
  points: readonly RecoveryPoint[],
  mounts: readonly RecordedMount[],
): string[] {
  const restorable = new Set([...namesIn(points, "volume"), ...namesIn(points, "dump")]);
  const kept = host.volumes.map(({ name }) => name).filter((name) => restorable.has(name));
  const used = mounts.filter(({ type }) => type === "volume").map(({ source }) => source);
  return [...new Set([...used, ...kept])];
}

function namesIn(points: readonly RecoveryPoint[], kind: "volume" | "bind" | "dump"): string[] {
  const datasets = points.map(({ dataset }) => readDatasetId(dataset));
  return datasets.flatMap((one) => (one?.kind === kind ? [one.name] : []));
}

/** Of containers that others are linked with, the names that the links give them. */
function linkedNames(containers: readonly RecordedContainer[]): Map<string, string[]> {
  const linked = new Map<string, string[]>();
  for (const container of containers) {
    const links = [
      ...textsOf(hostOf(container)["Links"]),
      ...container.blueprint.networks.flatMap(({ endpoint }) => textsOf(endpoint["Links"])),
    ];
    for (const link of links) {
      const [name = "", alias = name] = link.split(":");
      linked.set(name, [...(linked.get(name) ?? []), alias]);
    }
  }
  return linked;
}

function scratchDataset(dataset: DatasetId, { images }: HostConfiguration, names: ScratchNames): DatasetId {
  const read = readDatasetId(dataset);
  switch (read?.kind) {
    case "volume":
    case "dump":
      return datasetId({ kind: read.kind, name: names.volume(read.name) });
    case "bind":
      return datasetId({ kind: "volume", name: names.folder(read.name) });
    case "image": {
      const image = images.find(({ id, tags }) => id === read.name || tags.includes(read.name));
      return datasetId({ kind: "image", name: image?.id ?? read.name });
    }
    default:
      return dataset;
  }
}
