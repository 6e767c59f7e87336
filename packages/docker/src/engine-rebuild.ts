/**
 * What a host's things are made from, in the engine's own words, and making them from it on this or on another engine.
 * It goes to backups of a host's configuration, to recoveries and to drills.
 */
import type { Readable } from "node:stream";
import type { ContainerId, ImageId, VolumeName } from "@shipkeeper/model";
import type { CallOptions } from "./engine.ts";

/** A variable of a container's environment. */
export interface Variable {
  readonly name: string;
  /** Absent where only names were asked for, and of a variable that has none. */
  readonly value?: string;
}

/** One network that a container is part of, by the network's name. */
export interface Joining {
  readonly network: string;
  /** What was asked for: aliases, fixed addresses, options. */
  readonly endpoint: Readonly<Record<string, unknown>>;
}

/** A container as somebody once ordered it, without what the engine that it ran on added by itself. */
export interface ContainerOrder {
  readonly name: string;
  /** As its maker wrote it: `postgres:16`, or an id. */
  readonly image: string;
  readonly imageId: ImageId;
  readonly environment: readonly Variable[];
  /** The body of `POST /containers/create` but for image, environment and networks. */
  readonly create: Readonly<Record<string, unknown>>;
  /** The one of its network mode first. */
  readonly networks: readonly Joining[];
}

export interface NetworkOrder {
  readonly name: string;
  /** The body of `POST /networks/create` but for the name. */
  readonly create: Readonly<Record<string, unknown>>;
}

export interface VolumeOrder {
  readonly name: VolumeName;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

export interface EngineRebuild {
  /** Undefined where there is no such container. The values of its environment only where they are asked for. */
  containerOrder(
    id: ContainerId,
    options?: CallOptions & { readonly values?: boolean },
  ): Promise<ContainerOrder | undefined>;
  /** By its full id; undefined where there is no such network. */
  networkOrder(id: string, options?: CallOptions): Promise<NetworkOrder | undefined>;
  volumeOrders(options?: CallOptions): Promise<VolumeOrder[]>;
  /**
   * A new container, not started. Throws `EngineRefused` where its name is taken, its image is not there, or a path that it
   * mounts is not; then there is none. A network that is not there may come to light only when it is started.
   */
  createContainer(order: ContainerOrder, options?: CallOptions): Promise<{ readonly id: ContainerId }>;
  /** Throws `EngineRefused` where the name or its address range is taken. */
  createNetwork(order: NetworkOrder, options?: CallOptions): Promise<{ readonly id: string }>;
  /** The image as `docker save` writes it, with its name; to be read to its end. Throws where there is none. */
  saveImage(reference: string, options: { readonly signal: AbortSignal }): Promise<Readable>;
  /** Reads what `saveImage` wrote, to its end. Throws `EngineRefused` where it is no image. */
  loadImage(saved: Readable, options: { readonly signal: AbortSignal }): Promise<void>;
  /** `repository:tag` or `repository@sha256:…`; the tag is `latest` where it says none. Throws `EngineRefused` where the registry has it not or is not reached. */
  pullImage(reference: string, options?: CallOptions): Promise<void>;
  /** One more name, `repository:tag`; where another image had it, it moves. */
  tagImage(id: ImageId, tag: string, options?: CallOptions): Promise<void>;
}
