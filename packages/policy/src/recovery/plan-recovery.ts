/**
 * How a host is made again on another one: each step with its reason, in the order in which they are taken. Nothing that is
 * there already is overwritten: what has a name that is needed, and is not the same thing, refuses the whole recovery
 * before it begins.
 */
import type { Instant } from "@shipkeeper/kit";
import type { NetworkBlueprint } from "@shipkeeper/model";
import { datasetId, readDatasetId, type DatasetId } from "../dataset/dataset.ts";
import type { HostConfiguration, RecordedContainer, TakenOut } from "./host-configuration.ts";
import { takeBackNamed, type DumpMade, type TakeBack } from "../dump-program.ts";
import { SEALED } from "./secrets.ts";
import { startOrder } from "./start-order.ts";

export const RECOVERY_KINDS = [
  "network",
  "image",
  "volume",
  "folder",
  "container",
  "start",
  /** A dump goes back into a database that runs. */
  "feed",
] as const;
export type RecoveryKind = (typeof RECOVERY_KINDS)[number];

/** `take` changes the host, `keep` finds it as it is meant to be, `refuse` ends the recovery before it begins. */
export type RecoveryDecision = "take" | "keep" | "refuse";

export type RecoveryReason =
  | { readonly why: "absent" | "same" | "taken-before" | "name-taken" | "ran" | "not-empty" }
  | { readonly why: "held" | "saved" | "by-digest" | "by-name" }
  | { readonly why: "restorable" | "fed-later"; readonly dataAt: Instant }
  | { readonly why: "dumped"; readonly dataAt: Instant; readonly into: string }
  | { readonly why: "not-saved" }
  | { readonly why: "sealed"; readonly what: readonly string[] };

export interface RecoveryStep {
  readonly kind: RecoveryKind;
  readonly name: string;
  readonly decision: RecoveryDecision;
  readonly reason: RecoveryReason;
  /** What its data comes from. */
  readonly dataset?: DatasetId;
  /** Of `feed`: the container whose database takes the dump back. */
  readonly into?: string;
  /** What a person has to know of it. */
  readonly warnings: readonly string[];
}

/** A step by its name in the journal. */
export const stepKey = ({ kind, name }: Pick<RecoveryStep, "kind" | "name">) => `${kind} ${name}`;

export interface RecoveryPoint {
  readonly dataset: DatasetId;
  readonly restorePoint: string;
  readonly at: Instant;
  readonly dump?: DumpMade | undefined;
}

/** What the other host has. */
export interface RecoveryTarget {
  readonly networks: readonly NetworkBlueprint[];
  readonly volumes: readonly string[];
  readonly containers: readonly string[];
  readonly images: readonly {
    readonly id: string;
    readonly tags: readonly string[];
    readonly digests: readonly string[];
  }[];
  /** Of the folders that are restored, those that hold something. */
  readonly filledFolders: readonly string[];
}

export interface RecoveryWorld {
  /** With the secrets that could be opened. */
  readonly configuration: HostConfiguration;
  /** What was taken out of it and could not be opened. */
  readonly missing: readonly TakenOut[];
  /** Of each dataset the one to restore. */
  readonly points: readonly RecoveryPoint[];
  readonly target: RecoveryTarget;
  /** Keys of steps that an earlier attempt at this recovery began: what is there is its work. */
  readonly begun: ReadonlySet<string>;
}

export function planRecovery(world: RecoveryWorld): RecoveryStep[] {
  const { configuration, points } = world;
  const containers = startOrder(configuration.containers);
  const folders = points.flatMap(({ dataset }) => {
    const read = readDatasetId(dataset);
    return read?.kind === "bind" ? [read.name] : [];
  });
  return [
    ...configuration.networks.map((network) => planNetwork(network, world)),
    ...imagesOf(containers).map((container) => planImage(container, world)),
    ...configuration.volumes.map(({ name }) => planVolume(name, world)),
    ...folders.toSorted().map((path) => planFolder(path, world)),
    ...containers.map((container) => planContainer(container, world)),
    // A database has its data before whoever needs it begins.
    ...containers
      .filter(({ running }) => running)
      .flatMap((container) => [planStart(container), ...planFeeds(container, world)]),
  ];
}

/** What takes a dump back after a recovery, and in which container; undefined where nothing does. */
export function takeBackOf(
  { dump }: Pick<RecoveryPoint, "dump">,
  { containers, hooks }: Pick<HostConfiguration, "containers" | "hooks">,
): { readonly program: TakeBack; readonly container: string; readonly hook: string } | undefined {
  if (dump === undefined) return undefined;
  const program = takeBackNamed(hooks, dump.hook);
  const runs = containers.some(({ running, blueprint }) => running && blueprint.name === dump.container);
  const isWhole = program !== undefined && !program.argv.includes(SEALED);
  return runs && isWhole ? { ...dump, program } : undefined;
}

/** Why a recovery may not begin: the steps that are refused. */
export function refusedSteps(steps: readonly RecoveryStep[]): RecoveryStep[] {
  return steps.filter(({ decision }) => decision === "refuse");
}

function planNetwork(wanted: NetworkBlueprint, world: RecoveryWorld): RecoveryStep {
  const step = { kind: "network", name: wanted.name, warnings: [] } as const;
  const present = world.target.networks.find(({ name }) => name === wanted.name);
  if (present === undefined) return { ...step, decision: "take", reason: { why: "absent" } };
  if (isBegun(step, world)) return { ...step, decision: "keep", reason: { why: "taken-before" } };
  return sameNetwork(present, wanted)
    ? { ...step, decision: "keep", reason: { why: "same" } }
    : { ...step, decision: "refuse", reason: { why: "name-taken" } };
}

/** In what containers can tell: driver, reach and addresses. */
function sameNetwork(one: NetworkBlueprint, other: NetworkBlueprint): boolean {
  const telling = ({ create }: NetworkBlueprint) => {
    const ipam = create["IPAM"] as { Config?: unknown } | undefined;
    return JSON.stringify([create["Driver"], create["Internal"] === true, ipam?.Config ?? null]);
  };
  return telling(one) === telling(other);
}

function planImage({ blueprint: { image, imageId } }: RecordedContainer, world: RecoveryWorld): RecoveryStep {
  const step = { kind: "image", name: image, decision: "take", warnings: [] } as const;
  const held = world.target.images.some(
    ({ id, tags }) => id === imageId && (tags.includes(image) || image === imageId),
  );
  if (held) return { ...step, decision: "keep", reason: { why: "held" } };
  const dataset = datasetId({ kind: "image", name: image });
  if (world.points.some((point) => point.dataset === dataset)) {
    return { ...step, dataset, reason: { why: "saved" } };
  }
  const digests = world.configuration.images.find(({ id }) => id === imageId)?.digests ?? [];
  if (digests.length > 0) return { ...step, reason: { why: "by-digest" } };
  const warnings = [
    `image ${image} is known by its name alone: what its registry has by now may be another one`,
  ];
  return { ...step, reason: { why: "by-name" }, warnings };
}

function planVolume(name: string, world: RecoveryWorld): RecoveryStep {
  const step = { kind: "volume", name, warnings: [] as string[] } as const;
  if (world.target.volumes.includes(name) && !isBegun(step, world)) {
    return { ...step, decision: "refuse", reason: { why: "name-taken" } };
  }
  const dataset = datasetId({ kind: "volume", name });
  const point = world.points.find((one) => one.dataset === dataset);
  if (point !== undefined) {
    return { ...step, decision: "take", dataset, reason: { why: "restorable", dataAt: point.at } };
  }
  const dump = world.points.find((one) => one.dataset === datasetId({ kind: "dump", name }));
  if (dump !== undefined && takeBackOf(dump, world.configuration) !== undefined) {
    return { ...step, decision: "take", reason: { why: "fed-later", dataAt: dump.at } };
  }
  const warning =
    dump === undefined
      ? `volume ${name} was not backed up: it begins empty`
      : `volume ${name} was kept as a dump that nothing here takes back: restore ${dump.dataset} and feed it to its database`;
  return { ...step, decision: "take", reason: { why: "not-saved" }, warnings: [warning] };
}

function planFolder(path: string, world: RecoveryWorld): RecoveryStep {
  const dataset = datasetId({ kind: "bind", name: path });
  const point = world.points.find((one) => one.dataset === dataset);
  const step = { kind: "folder", name: path, dataset, warnings: [] } as const;
  return world.target.filledFolders.includes(path) && !isBegun(step, world)
    ? { ...step, decision: "refuse", reason: { why: "not-empty" } }
    : { ...step, decision: "take", reason: { why: "restorable", dataAt: point?.at ?? 0 } };
}

function planContainer({ blueprint }: RecordedContainer, world: RecoveryWorld): RecoveryStep {
  const { name } = blueprint;
  const missing = world.missing.filter(({ at }) => pointsInto(at, name, world.configuration));
  const warnings = missing.map(
    ({ what }) => `${what} looked secret, is sealed and was not opened: it is left out`,
  );
  const step = { kind: "container", name, warnings } as const;
  const isThere = world.target.containers.includes(name);
  if (isThere && isBegun(step, world)) return { ...step, decision: "keep", reason: { why: "taken-before" } };
  if (isThere) return { ...step, decision: "refuse", reason: { why: "name-taken" } };
  // A variable may be absent; a command with a hole in it is another command.
  const holes = JSON.stringify([blueprint.create, blueprint.networks]).includes(SEALED);
  return holes
    ? { ...step, decision: "refuse", reason: { why: "sealed", what: missing.map(({ what }) => what) } }
    : { ...step, decision: "take", reason: { why: "absent" } };
}

function planStart({ blueprint: { name } }: RecordedContainer): RecoveryStep {
  return { kind: "start", name, decision: "take", reason: { why: "ran" }, warnings: [] };
}

function planFeeds({ blueprint }: RecordedContainer, world: RecoveryWorld): RecoveryStep[] {
  const { name: into } = blueprint;
  return world.points.flatMap((point): RecoveryStep[] => {
    const volume = readDatasetId(point.dataset)?.name ?? point.dataset;
    if (takeBackOf(point, world.configuration)?.container !== into) return [];
    const reason = { why: "dumped", dataAt: point.at, into } as const;
    return [
      { kind: "feed", name: volume, decision: "take", reason, dataset: point.dataset, into, warnings: [] },
    ];
  });
}

function isBegun(step: Pick<RecoveryStep, "kind" | "name">, { begun }: RecoveryWorld): boolean {
  return begun.has(stepKey(step));
}

/** `/containers/3/…` is about the fourth container. */
function pointsInto(pointer: string, name: string, { containers }: HostConfiguration): boolean {
  const index = /^\/containers\/(\d+)\//.exec(pointer)?.[1];
  return index !== undefined && containers[Number(index)]?.blueprint.name === name;
}

/** One container of each image. */
function imagesOf(containers: readonly RecordedContainer[]): RecordedContainer[] {
  return [...new Map(containers.map((one) => [one.blueprint.image, one])).values()];
}
