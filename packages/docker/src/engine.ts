/**
 * The port to one Docker engine, as narrow as Shipkeeper's needs: what can be read, and the few things that may be
 * changed. Two implementations answer the same contract suite: the real one over the engine's socket, and a fake.
 * There is deliberately no bulk prune and no force here, and a program is run inside a container only by the third half,
 * `EngineExec`, which goes to nobody but probes and dumps that the host's guardrails allow. What a host is made from, and making
 * it again, is the fourth, `EngineRebuild`.
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
  IsolationLimits,
  Network,
  Volume,
  VolumeName,
} from "@shipkeeper/model";
import type { EngineRebuild } from "./engine-rebuild.ts";

/** A change that the engine announced. Events are hints: a lost one is made good by the next resync. */
export interface EngineEvent {
  readonly type: "container" | "image" | "volume" | "network" | "daemon" | "builder";
  /** `start`, `kill`, `die`, `health_status`, `tag`, … without suffixes. */
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

/** One line that a container wrote. */
export interface LogLine {
  /** Of a container with a terminal all is `stdout`. */
  readonly stream: "stdout" | "stderr";
  /** When the engine took it. */
  readonly at: Instant;
  /** Without its end, cut at 16 KiB. */
  readonly text: string;
}

/** How much of a log is read: its end. */
export interface LogRange {
  /** So many lines at most. The engine counts from the end, also where `since` would reach further back. */
  readonly tail: number;
  readonly since?: Instant;
  readonly until?: Instant;
  /** Of the texts together; where they are longer the oldest lines go. */
  readonly mostBytes: number;
}

/** What a log said, oldest line first, or why the engine cannot read it: of log driver `none`, for one. */
export type ContainerLog =
  | { readonly readable: true; readonly lines: readonly LogLine[]; readonly cut: boolean }
  | { readonly readable: false; readonly why: string };

/** A process of a container, by its number on the host. */
export interface ContainerProcess {
  readonly pid: number;
  readonly user?: string;
  /** With its arguments, cut at 1,024 characters. These may hold secrets. */
  readonly command: string;
}

/** A program to be run inside a container. */
export interface ExecRequest {
  readonly argv: readonly string[];
  /** The container's own where undefined. */
  readonly user?: string;
  readonly timeoutMs: number;
  /** Of what it prints the first so many bytes are kept. */
  readonly mostBytes: number;
}

export interface ExecResult {
  /** Absent where it did not end in time. It then runs on in the container: the engine has no call that ends it. */
  readonly exitCode?: number;
  /** What it printed, standard output and error as they came. */
  readonly output: string;
}

/** A program to be run inside a container whose output is too much to be kept: a dump, or what reads one. */
export interface StreamRequest {
  readonly argv: readonly string[];
  /** The container's own where undefined. */
  readonly user?: string;
  readonly timeoutMs: number;
  /**
   * What it reads, piece by piece as fast as it takes it; nothing where undefined. Where it breaks `output` throws its
   * error, but to the program that looks like the end: the engine has no other word for it.
   */
  readonly input?: AsyncIterable<Uint8Array>;
}

/** A program that runs inside a container now. */
export interface StreamedProgram {
  /**
   * What it writes to its standard output: to be read once, to its end. Who reads slowly slows the program down; who
   * stops reading lets go of it, and it may run on with nobody listening: the engine has no call that ends it.
   * Throws `DeadlinePassed` when its time is over, and `DockerUnavailable` where the engine went away.
   */
  readonly output: AsyncIterable<Uint8Array>;
  /** How it ended, to be asked after its output was read to the end. Only this tells whether the output is whole. */
  end(): Promise<ProgramEnd>;
}

export interface ProgramEnd {
  readonly exitCode: number;
  /** The end of what it wrote to its standard error, 16 KiB at most. */
  readonly stderr: string;
}

/** Everything that only looks. Observing code is given this half and cannot change anything. */
export interface EngineReader {
  /** Engine facts, and the host facts that the engine knows (no disks). */
  facts(options?: CallOptions): Promise<{ engine: EngineFacts; host: Omit<HostFacts, "disks"> }>;
  /** Ids of all containers, in every state; where a label is named, of those that carry it. */
  containerIds(options?: CallOptions & { label?: string }): Promise<ContainerId[]>;
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
  /** The end of what a container wrote; undefined where it is not there. */
  logs(id: ContainerId, range: LogRange, options?: CallOptions): Promise<ContainerLog | undefined>;
  /** What its environment holds, without the names: to take it out of what is told of the container, and for nothing else. */
  environmentValues(id: ContainerId, options?: CallOptions): Promise<string[] | undefined>;
  /** Its processes, the first 500 of them. Undefined where it does not run or is not there. */
  processes(id: ContainerId, options?: CallOptions): Promise<ContainerProcess[] | undefined>;
  /**
   * What the engine still remembers of the time from `since` on, oldest first. It keeps the last 256 events of any kind,
   * those of health checks among them, so that on a busy host this may be a matter of seconds.
   */
  pastEvents(
    options: CallOptions & { since: Instant; container?: ContainerId },
  ): Promise<readonly EngineEvent[]>;
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

/** What the engine made of a start. */
export type Start = "started" | "already-running" | "already-gone";

/** What the engine made of a signal: sent, or nobody was there to get it. A process that cannot die lives on. */
export type Kill = "killed" | "not-running" | "already-gone";

/** What the engine made of a pause: its processes stand still now, stood still before, or there are none. */
export type PauseAnswer = "paused" | "already-paused" | "not-running" | "already-gone";

/** What the engine made of the end of a pause. */
export type UnpauseAnswer = "unpaused" | "not-paused" | "already-gone";

/** What the engine made of a new name for a container. */
export type Rename = "renamed" | "name-taken" | "already-gone";

/** Where another container's program is run apart from everything that is real. */
export interface Isolation extends IsolationLimits {
  /** The one network that it joins, by name or id. */
  readonly network: string;
  /** All that is mounted: folder in the container → volume. A path that its image asks a volume for must be here. */
  readonly volumes: ReadonlyMap<string, VolumeName>;
  /** All labels that it has. */
  readonly labels: Readonly<Record<string, string>>;
}

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
  /** Starts what does not run; throws where the engine tried and could not. */
  startContainer(id: ContainerId, options?: CallOptions): Promise<Start>;
  /** Sends a signal, SIGKILL where none is named, to a container's first process. */
  killContainer(id: ContainerId, options?: CallOptions & { processSignal?: string }): Promise<Kill>;
  /** Has all processes of a container stand still where they are. Its health check is not asked meanwhile. */
  pauseContainer(id: ContainerId, options?: CallOptions): Promise<PauseAnswer>;
  unpauseContainer(id: ContainerId, options?: CallOptions): Promise<UnpauseAnswer>;
  renameContainer(id: ContainerId, name: string, options?: CallOptions): Promise<Rename>;
  /**
   * A new container, not started, with the image and the configuration of another one: environment, mounts (anonymous
   * volumes by their names), networks with aliases and fixed addresses, limits, labels, health check. What the other one
   * wrote over its image is not in it. Values of the environment go from the engine to the engine and nowhere else.
   * Throws `EngineRefused` where the name is taken.
   */
  copyContainer(
    id: ContainerId,
    name: string,
    options?: CallOptions,
  ): Promise<{ readonly id: ContainerId } | "already-gone">;
  /**
   * A new container, not started, that runs the program of another one by the id of its image: environment, command,
   * user, health check. Nothing else of the other one is in it, no mount, network, port, device, privilege or label, and
   * it never restarts by itself. Values of the environment go from the engine to the engine and nowhere else.
   * Throws `EngineRefused` where the name is taken.
   */
  copyIsolated(
    id: ContainerId,
    name: string,
    isolation: Isolation,
    options?: CallOptions,
  ): Promise<{ readonly id: ContainerId } | "already-gone">;
  /**
   * A new bridge without a way out: its members reach each other and what listens on this host, and no other machine; only
   * this host reaches them. Throws `EngineRefused` where the name is taken.
   */
  createInternalNetwork(
    name: string,
    labels: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<{ readonly id: string }>;
  /** A new volume, of the local driver where no other is named; throws where one of that name exists. */
  createVolume(
    name: VolumeName,
    labels: Readonly<Record<string, string>>,
    options?: CallOptions & { driver?: string; driverOptions?: Readonly<Record<string, string>> },
  ): Promise<Volume>;
}

/** Runs programs inside containers: probes, and the dumps that the host's guardrails name. */
export interface EngineExec {
  /** Resolves by `timeoutMs` and a moment, whatever the program does. */
  exec(id: ContainerId, request: ExecRequest, options?: CallOptions): Promise<ExecResult | "not-running">;
  /** `not-running` also where it is paused, or not there. */
  stream(
    id: ContainerId,
    request: StreamRequest,
    options?: CallOptions,
  ): Promise<StreamedProgram | "not-running">;
}

export interface Engine extends EngineReader, EngineActor, EngineExec, EngineRebuild {
  /** Where it is reached, for messages. */
  readonly address: string;
}
