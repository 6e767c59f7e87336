/**
 * What a host's things are made from, in the engine's own words, and making them from it on this or on another engine.
 * It goes to backups of a host's configuration, to recoveries and to drills.
 */
import type { Readable } from "node:stream";
import type {
  ContainerBlueprint,
  ContainerId,
  ImageId,
  NetworkBlueprint,
  VolumeBlueprint,
} from "@shipkeeper/model";
import type { CallOptions } from "./engine.ts";

export interface EngineRebuild {
  /** Undefined where there is no such container. The values of its environment only where they are asked for. */
  containerBlueprint(
    id: ContainerId,
    options?: CallOptions & { readonly values?: boolean },
  ): Promise<ContainerBlueprint | undefined>;
  /** By its full id; undefined where there is no such network. */
  networkBlueprint(id: string, options?: CallOptions): Promise<NetworkBlueprint | undefined>;
  volumeBlueprints(options?: CallOptions): Promise<VolumeBlueprint[]>;
  /**
   * A new container, not started. Throws `EngineRefused` where its name is taken, its image is not there, or a path that it
   * mounts is not; then there is none. A network that is not there may come to light only when it is started.
   */
  createContainer(
    blueprint: ContainerBlueprint,
    options?: CallOptions,
  ): Promise<{ readonly id: ContainerId }>;
  /** Throws `EngineRefused` where the name or its address range is taken. */
  createNetwork(blueprint: NetworkBlueprint, options?: CallOptions): Promise<{ readonly id: string }>;
  /** The image as `docker save` writes it, with its name; to be read to its end. Throws where there is none. */
  saveImage(reference: string, options: { readonly signal: AbortSignal }): Promise<Readable>;
  /** Reads what `saveImage` wrote, to its end. Throws `EngineRefused` where it is no image. */
  loadImage(saved: Readable, options: { readonly signal: AbortSignal }): Promise<void>;
  /** `repository:tag` or `repository@sha256:…`; the tag is `latest` where it says none. Throws `EngineRefused` where the registry has it not or is not reached. */
  pullImage(reference: string, options?: CallOptions): Promise<void>;
  /** One more name, `repository:tag`; where another image had it, it moves. */
  tagImage(id: ImageId, tag: string, options?: CallOptions): Promise<void>;
}
