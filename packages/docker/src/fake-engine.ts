/**
 * A Docker engine in memory, for tests: the contract suite holds it to what a real engine does. Afterwards a test
 * reads `mutations`. Failures happen only on demand.
 */
import type { Clock, Instant } from "@shipkeeper/kit";
import {
  type BuildCacheRecord,
  type Container,
  type ContainerId,
  type EngineFacts,
  type HostFacts,
  type Image,
  type ImageId,
  isAlive,
  type Network,
  repositoryOf,
  type Volume,
  type VolumeName,
} from "@shipkeeper/model";
import { DockerUnavailable, EngineRefused } from "./engine-errors.ts";
import type {
  CallOptions,
  ContainerStats,
  Engine,
  EngineActor,
  EngineEvent,
  EngineSizes,
  ImageNames,
  InspectedNetwork,
  Removal,
  Stop,
} from "./engine.ts";
import { FakeHost } from "./fake/fake-host.ts";
import { FAKE_ENGINE_FACTS, FAKE_HOST_FACTS, FAKE_STATS } from "./fake/fake-things.ts";
import { type FakeCall, type Fault, faults } from "./fake/faults.ts";

/** One call that would have changed a host, in the order of the calls. */
export interface Mutation {
  readonly call: keyof EngineActor;
  readonly subject: string;
}

const SIGTERM = 15;
const SIGKILL = 9;
/** The exit code of a process that SIGKILL ended. */
const KILLED = 128 + SIGKILL;

export interface FakeEngineOptions {
  readonly clock?: Clock;
  readonly rootDir?: string;
}

export class FakeEngine extends FakeHost implements Engine {
  readonly address = "fake engine";
  /** Every mutating call, also those that were refused or failed. */
  readonly mutations: Mutation[] = [];
  engineFacts: EngineFacts;
  hostFacts: Omit<HostFacts, "disks"> = FAKE_HOST_FACTS;
  /** What `sizes` answers. */
  measured: EngineSizes = {
    writableBytes: new Map(),
    volumeBytes: new Map(),
    volumeRefCounts: new Map(),
    sharedImageBytes: new Map(),
    buildCache: [],
  };

  /** Containers that have to be killed, because they do not end when they are asked to. */
  readonly stubborn = new Set<ContainerId>();

  /** What `stats` answers of a container that runs, over what it answers of all. */
  readonly used = new Map<ContainerId, Partial<ContainerStats>>();

  readonly #faults = faults();

  constructor({ clock = Date.now, rootDir = "/" }: FakeEngineOptions = {}) {
    super(clock);
    this.engineFacts = { ...FAKE_ENGINE_FACTS, rootDir };
  }

  /** Calls fail or hang from now on; the result heals it. */
  fail(fault: Fault): () => void {
    return this.#faults.add(fault);
  }

  /** The engine dies: streams break and every call fails, until the result is called. */
  goDown(): () => void {
    const error = new DockerUnavailable(this.address, { cause: new Error("connect ECONNREFUSED") });
    this.feed.breakStreams(error);
    return this.#faults.add({ with: error });
  }

  /** The event stream breaks, as it does when the engine restarts. */
  breakEventStreams(): void {
    this.feed.breakStreams(
      new DockerUnavailable(this.address, { cause: new Error("the event stream ended") }),
    );
  }

  async facts(options?: CallOptions) {
    await this.#meet("facts", undefined, options);
    return structuredClone({ engine: this.engineFacts, host: this.hostFacts });
  }

  async containerIds(options?: CallOptions): Promise<ContainerId[]> {
    await this.#meet("containerIds", undefined, options);
    return [...this.containersById.keys()];
  }

  async container(id: ContainerId, options?: CallOptions): Promise<Container | undefined> {
    await this.#meet("container", id, options);
    return structuredClone(this.containersById.get(id));
  }

  async imageIds(options?: CallOptions): Promise<ImageId[]> {
    return (await this.imageNames(options)).map(({ id }) => id);
  }

  async imageNames(options?: CallOptions): Promise<ImageNames[]> {
    // To a real engine both are the same list.
    await this.#meet("imageIds", undefined, options);
    await this.#meet("imageNames", undefined, options);
    return Array.from(this.imagesById.values(), ({ id, tags, digests }) =>
      structuredClone({ id, tags, digests }),
    );
  }

  async image(id: ImageId, options?: CallOptions): Promise<Image | undefined> {
    await this.#meet("image", id, options);
    return structuredClone(this.imagesById.get(id));
  }

  async volumes(options?: CallOptions): Promise<Volume[]> {
    await this.#meet("volumes", undefined, options);
    return structuredClone([...this.volumesByName.values()]);
  }

  async networks(options?: CallOptions): Promise<Network[]> {
    await this.#meet("networks", undefined, options);
    return structuredClone([...this.networksById.values()]);
  }

  async network(id: string, options?: CallOptions): Promise<InspectedNetwork | undefined> {
    await this.#meet("network", id, options);
    const network = this.networksById.get(id);
    return (
      network &&
      structuredClone({
        network,
        attached: this.#membersOf(id)
          .filter(isAlive)
          .map(({ id }) => id),
      })
    );
  }

  async buildCache(options?: CallOptions): Promise<BuildCacheRecord[]> {
    await this.#meet("buildCache", undefined, options);
    return structuredClone([...this.measured.buildCache]);
  }

  async sizes(options?: CallOptions): Promise<EngineSizes> {
    await this.#meet("sizes", undefined, options);
    return structuredClone(this.measured);
  }

  async stats(id: ContainerId, options?: CallOptions): Promise<ContainerStats | undefined> {
    await this.#meet("stats", id, options);
    const state = this.containersById.get(id)?.state;
    return state === "running" || state === "paused" ? { ...FAKE_STATS, ...this.used.get(id) } : undefined;
  }

  events(options: { since?: Instant; signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.feed.follow(options);
  }

  async removeContainer(id: ContainerId, options?: CallOptions): Promise<Removal> {
    await this.#mutate("removeContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (isAlive(container)) return "in-use";
    this.containersById.delete(id);
    this.announceContainer(container, "destroy");
    return "removed";
  }

  async removeImage(reference: string, options?: CallOptions): Promise<Removal> {
    await this.#mutate("removeImage", reference, options);
    const image = this.find(reference);
    if (image === undefined) return "already-gone";

    const repositories = new Set([...image.tags, ...image.digests].map(repositoryOf));
    const isLast = image.tags.length <= 1 && repositories.size <= 1;
    const isUsed = [...this.containersById.values()].some(({ imageId }) => imageId === image.id);
    const hasChildren = [...this.imagesById.values()].some(({ parentId }) => parentId === image.id);
    const byId = reference === image.id;

    if (isLast ? isUsed || (byId && hasChildren) : byId) return "in-use";
    if (isLast && !hasChildren) this.imagesById.delete(image.id);
    this.dropReference(reference);
    this.tell("image", "untag", image.id, { name: reference });
    if (!this.imagesById.has(image.id)) this.tell("image", "delete", image.id, {});
    return "removed";
  }

  async removeNetwork(id: string, options?: CallOptions): Promise<Removal> {
    await this.#mutate("removeNetwork", id, options);
    const network = this.networksById.get(id);
    if (network === undefined) return "already-gone";
    if (this.#membersOf(id).some(isAlive)) return "in-use";
    this.networksById.delete(id);
    this.tell("network", "destroy", id, { name: network.name });
    return "removed";
  }

  async removeVolume(name: VolumeName, options?: CallOptions): Promise<Removal> {
    await this.#mutate("removeVolume", name, options);
    if (!this.volumesByName.has(name)) return "already-gone";
    const containers = [...this.containersById.values()];
    if (containers.some(({ mounts }) => mounts.some(({ volume }) => volume === name))) return "in-use";
    this.forget(name);
    return "removed";
  }

  async removeBuildCache(id: string, options?: CallOptions): Promise<"removed" | "in-use"> {
    await this.#mutate("removeBuildCache", id, options);
    const { buildCache } = this.measured;
    const isHeld = buildCache.some(
      (one) => one.parents?.includes(id) === true || (one.id === id && one.inUse),
    );
    if (isHeld || !buildCache.some((one) => one.id === id)) return "in-use";
    this.measured = { ...this.measured, buildCache: buildCache.filter((one) => one.id !== id) };
    return "removed";
  }

  async restartContainer(id: ContainerId, options?: CallOptions): Promise<"restarted" | "already-gone"> {
    await this.#mutate("restartContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (isAlive(container)) this.#stop(container);
    this.startContainer(id);
    this.announceContainer(container, "restart");
    return "restarted";
  }

  async stopContainer(id: ContainerId, options?: CallOptions): Promise<Stop> {
    await this.#mutate("stopContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (!isAlive(container)) return "not-running";
    this.#stop(container);
    return "stopped";
  }

  async createVolume(
    name: VolumeName,
    labels: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<Volume> {
    await this.#mutate("createVolume", name, options);
    if (this.volumesByName.has(name)) {
      const reason = "a volume of that name exists";
      throw new EngineRefused(`create volume ${name}`, { status: 409, reason });
    }
    return this.addVolume({ name, labels: { ...labels } });
  }

  #stop(container: Container): void {
    const { id } = container;
    this.announceContainer(container, "kill", { signal: String(SIGTERM) });
    if (this.stubborn.has(id)) this.announceContainer(container, "kill", { signal: String(SIGKILL) });
    this.exitContainer(id, this.stubborn.has(id) ? KILLED : 0);
    this.announceContainer(container, "stop");
  }

  #membersOf(networkId: string): Container[] {
    return [...this.containersById.values()].filter(({ networks }) =>
      networks.some(({ id }) => id === networkId),
    );
  }

  async #meet(call: FakeCall, subject: string | undefined, options: CallOptions | undefined): Promise<void> {
    await this.#faults.meet(call, subject, options?.signal);
  }

  async #mutate(call: Mutation["call"], subject: string, options: CallOptions | undefined): Promise<void> {
    this.mutations.push({ call, subject });
    await this.#meet(call, subject, options);
  }
}
