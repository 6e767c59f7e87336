/**
 * The port to one Docker engine, as narrow as Shipkeeper's needs: what can be read, and the few things that may be
 * changed. Two implementations answer the same contract suite: the real one over the engine's socket, and a fake.
 * There is deliberately no bulk prune, no force and no exec here.
 */
import type { Instant } from "@shipkeeper/kit";
import type {
  BuildCacheRecord,
  Container,
  ContainerId,
  ContainerMetric,
  EngineFacts,
  HostFacts,
  Image,
  ImageId,
  Network,
  Volume,
  VolumeName,
} from "@shipkeeper/model";

/** A change that the engine announced. Events are hints: a lost one is made good by the next resync. */
export interface EngineEvent {
  readonly type: "container" | "image" | "volume" | "network" | "daemon" | "builder";
  /** `start`, `die`, `health_status`, `tag`, … without suffixes. */
  readonly action: string;
  /** Id or name of what changed. */
  readonly subject: string;
  /** For containers: the image they were made from. For health changes: `health`. For kills: `signal`, a number. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly at: Instant;
}

/** Sizes that the engine walks its disks for. Expensive: never on the sampling path. */
export interface EngineSizes {
  readonly writableBytes: ReadonlyMap<ContainerId, number>;
  readonly volumeBytes: ReadonlyMap<VolumeName, number>;
  /** How many containers the engine itself counts as users of a volume. */
  readonly volumeRefCounts: ReadonlyMap<VolumeName, number>;
  readonly sharedImageBytes: ReadonlyMap<ImageId, number>;
  readonly buildCache: readonly BuildCacheRecord[];
}

/** What may change about an image while its id stays: its names. */
export interface ImageNames {
  readonly id: ImageId;
  /** `repository:tag`, all of them. */
  readonly tags: readonly string[];
  /** `repository@sha256:…`, all of them. */
  readonly digests: readonly string[];
}

/** What a running container uses, as its engine counts it; `NOT_READ` where the engine does not say. */
export type ContainerStats = Readonly<Record<ContainerMetric, number>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Everything that only looks. Observing code is given this half and cannot change anything. */
export interface EngineReader {
  /** Engine facts, and the host facts that the engine knows (no disks). */
  facts(options?: CallOptions): Promise<{ engine: EngineFacts; host: Omit<HostFacts, "disks"> }>;
  /** Ids of all containers, in every state. */
  containerIds(options?: CallOptions): Promise<ContainerId[]>;
  /** Undefined where the engine says that there is no such container. Every other failure throws. */
  container(id: ContainerId, options?: CallOptions): Promise<Container | undefined>;
  imageIds(options?: CallOptions): Promise<ImageId[]>;
  /** One call for the names of all images, so that a resync need not inspect what it knows. */
  imageNames(options?: CallOptions): Promise<ImageNames[]>;
  image(id: ImageId, options?: CallOptions): Promise<Image | undefined>;
  /** Users are filled in by the inventory reader, which sees the containers. */
  volumes(options?: CallOptions): Promise<Volume[]>;
  networks(options?: CallOptions): Promise<Network[]>;
  /** One network and the containers that are part of it now; undefined where there is none. By its full id. */
  network(id: string, options?: CallOptions): Promise<InspectedNetwork | undefined>;
  sizes(options?: CallOptions): Promise<EngineSizes>;
  /** What builders keep. Before API 1.42 as expensive as `sizes`. */
  buildCache(options?: CallOptions): Promise<BuildCacheRecord[]>;
  /** Expensive for the engine, and for an old one up to some seconds long. Undefined where it does not run or is not there. */
  stats(id: ContainerId, options?: CallOptions): Promise<ContainerStats | undefined>;
  /** Follows the engine's event stream until `signal` aborts; throws `DockerUnavailable` where the stream breaks. */
  events(options: { since?: Instant; signal: AbortSignal }): AsyncIterable<EngineEvent>;
}

export interface InspectedNetwork {
  readonly network: Network;
  /** Running containers only: of others the engine does not tell here. */
  readonly attached: readonly string[];
}

/** What the engine made of a removal: it is gone now, it was gone before, or something still uses it. */
export type Removal = "removed" | "already-gone" | "in-use";

/** What the engine made of a stop: its processes have ended now, had ended before, or it is not there. */
export type Stop = "stopped" | "not-running" | "already-gone";

/** Everything that changes the host: one object at a time, by full id. */
export interface EngineActor {
  /** Never forces, never removes volumes with it: the engine's own refusal guards against what changed since the plan. */
  removeContainer(id: ContainerId, options?: CallOptions): Promise<Removal>;
  /** Removes one reference, or the image itself by its id where nothing refers to it any more. Never forces. */
  removeImage(reference: string, options?: CallOptions): Promise<Removal>;
  /** Refused while a running container is part of it. */
  removeNetwork(id: string, options?: CallOptions): Promise<Removal>;
  /** Refused while any container refers to it. Never forces. */
  removeVolume(name: VolumeName, options?: CallOptions): Promise<Removal>;
  /**
   * Removes one record by its full id. `in-use` also where another record is built on it, or where it is gone: the
   * engine does not tell these apart.
   */
  removeBuildCache(id: string, options?: CallOptions): Promise<"removed" | "in-use">;
  /** Stops within `timeoutSeconds` (the container's own where undefined), kills after it, starts again. */
  restartContainer(
    id: ContainerId,
    options?: CallOptions & { timeoutSeconds?: number },
  ): Promise<"restarted" | "already-gone">;
  /** Stops within `timeoutSeconds` (the container's own where undefined) and kills after it; it can be started again. */
  stopContainer(id: ContainerId, options?: CallOptions & { timeoutSeconds?: number }): Promise<Stop>;
  /** A new volume of the local driver; throws where one of that name exists. */
  createVolume(
    name: VolumeName,
    labels: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<Volume>;
}

export interface Engine extends EngineReader, EngineActor {
  /** Where it is reached, for messages. */
  readonly address: string;
}
