/** What a test of the engine contract arranges things with. */
import type { Instant } from "@shipkeeper/kit";
import type { ContainerId, ImageId } from "@shipkeeper/model";
import type { Engine, EngineEvent } from "./engine.ts";

export interface ContractImage {
  readonly tags: readonly string[];
  /** RFC 3339, as a builder writes it into the image. */
  readonly createdAt?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ContractContainer {
  readonly name: string;
  /** A tag or an id. */
  readonly image: string;
  readonly state: "running" | "exited" | "created" | "unhealthy";
  /** Name of a volume that it mounts at /data. */
  readonly volume?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Lines that it writes before it ends. */
  readonly writes?: readonly string[];
  readonly logDriver?: "none";
  readonly environment?: readonly string[];
}

/** An engine that holds nothing, and the hands of somebody else on it. */
export interface EngineWorld {
  readonly engine: Engine;
  /** As it comes from elsewhere, with its names. */
  addImage(image: ContractImage): Promise<ImageId>;
  /** One more name, given here. */
  tagImage(id: ImageId, tag: string): Promise<void>;
  addContainer(container: ContractContainer): Promise<ContainerId>;
  exitContainer(id: ContainerId): Promise<void>;
  close(): Promise<void>;
}

/** The first `count` events that are meant; fails by the test's own deadline where they do not come. */
export async function follow(
  engine: Engine,
  options: { since?: Instant },
  count: number,
  isMeant: (event: EngineEvent) => boolean,
): Promise<EngineEvent[]> {
  const stop = new AbortController();
  const seen: EngineEvent[] = [];
  for await (const event of engine.events({ ...options, signal: stop.signal })) {
    if (isMeant(event)) seen.push(event);
    if (seen.length === count) stop.abort();
  }
  return seen;
}
