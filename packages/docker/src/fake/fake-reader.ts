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
  type Volume,
} from "@shipkeeper/model";
import { DockerUnavailable } from "../engine-errors.ts";
import type {
  CallOptions,
  ContainerLog,
  ContainerProcess,
  ContainerStats,
  EngineEvent,
  EngineReader,
  EngineSizes,
  ImageNames,
  InspectedNetwork,
  LogLine,
  LogRange,
} from "../engine.ts";
import { FakeHost } from "./fake-host.ts";
import { FAKE_ENGINE_FACTS, FAKE_HOST_FACTS, FAKE_STATS } from "./fake-things.ts";
import { type FakeCall, type Fault, faults } from "./faults.ts";

export interface FakeEngineOptions {
  readonly clock?: Clock;
  readonly rootDir?: string;
}

/** The half of the fake engine that only looks, and the failures that a test has it meet. */
export class FakeReader extends FakeHost implements EngineReader {
  readonly address = "fake engine";
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
    await this.meet("facts", undefined, options);
    return structuredClone({ engine: this.engineFacts, host: this.hostFacts });
  }

  async containerIds(options?: CallOptions & { label?: string }): Promise<ContainerId[]> {
    await this.meet("containerIds", undefined, options);
    const { label } = options ?? {};
    const containers = [...this.containersById.values()];
    return containers.filter(({ labels }) => label === undefined || label in labels).map(({ id }) => id);
  }

  async container(id: ContainerId, options?: CallOptions): Promise<Container | undefined> {
    await this.meet("container", id, options);
    return structuredClone(this.containersById.get(id));
  }

  async imageIds(options?: CallOptions): Promise<ImageId[]> {
    return (await this.imageNames(options)).map(({ id }) => id);
  }

  async imageNames(options?: CallOptions): Promise<ImageNames[]> {
    // To a real engine both are the same list.
    await this.meet("imageIds", undefined, options);
    await this.meet("imageNames", undefined, options);
    return Array.from(this.imagesById.values(), ({ id, tags, digests }) =>
      structuredClone({ id, tags, digests }),
    );
  }

  async image(id: ImageId, options?: CallOptions): Promise<Image | undefined> {
    await this.meet("image", id, options);
    return structuredClone(this.imagesById.get(id));
  }

  async volumes(options?: CallOptions): Promise<Volume[]> {
    await this.meet("volumes", undefined, options);
    return structuredClone([...this.volumesByName.values()]);
  }

  async networks(options?: CallOptions): Promise<Network[]> {
    await this.meet("networks", undefined, options);
    return structuredClone([...this.networksById.values()]);
  }

  async network(id: string, options?: CallOptions): Promise<InspectedNetwork | undefined> {
    await this.meet("network", id, options);
    const network = this.networksById.get(id);
    return (
      network &&
      structuredClone({
        network,
        attached: this.membersOf(id)
          .filter(isAlive)
          .map(({ id }) => id),
      })
    );
  }

  async buildCache(options?: CallOptions): Promise<BuildCacheRecord[]> {
    await this.meet("buildCache", undefined, options);
    return structuredClone([...this.measured.buildCache]);
  }

  async sizes(options?: CallOptions): Promise<EngineSizes> {
    await this.meet("sizes", undefined, options);
    return structuredClone(this.measured);
  }

  async stats(id: ContainerId, options?: CallOptions): Promise<ContainerStats | undefined> {
    await this.meet("stats", id, options);
    const state = this.containersById.get(id)?.state;
    return state === "running" || state === "paused" ? { ...FAKE_STATS, ...this.used.get(id) } : undefined;
  }

  async logs(id: ContainerId, range: LogRange, options?: CallOptions): Promise<ContainerLog | undefined> {
    await this.meet("logs", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return undefined;
    if (container.logDriver === "none")
      return { readable: false, why: "the log driver does not support reading" };
    const { tail, since = -Infinity, until = Infinity, mostBytes } = range;
    const asked = (this.logLines.get(id) ?? []).slice(-tail).filter(({ at }) => at >= since && at <= until);
    const lines: LogLine[] = [];
    let left = mostBytes;
    for (const line of asked.toReversed()) {
      left -= Buffer.byteLength(line.text);
      if (left < 0) break;
      lines.unshift(line);
    }
    return { readable: true, lines, cut: lines.length < asked.length };
  }

  async environmentValues(id: ContainerId, options?: CallOptions): Promise<string[] | undefined> {
    await this.meet("environmentValues", id, options);
    return this.containersById.has(id) ? (this.secretsById.get(id) ?? []) : undefined;
  }

  async processes(id: ContainerId, options?: CallOptions): Promise<ContainerProcess[] | undefined> {
    await this.meet("processes", id, options);
    const { pid, command, user } = this.containersById.get(id) ?? {};
    return pid === undefined
      ? undefined
      : [{ pid, user: user || "root", command: (command ?? []).join(" ") }];
  }

  async pastEvents({
    since,
    container,
    ...options
  }: CallOptions & { since: Instant; container?: ContainerId }): Promise<EngineEvent[]> {
    await this.meet("pastEvents", container, options);
    return this.feed.past(since).filter(({ subject }) => container === undefined || subject === container);
  }

  events(options: { since?: Instant; signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.feed.follow(options);
  }

  protected membersOf(networkId: string): Container[] {
    return [...this.containersById.values()].filter(({ networks }) =>
      networks.some(({ id }) => id === networkId),
    );
  }

  protected async meet(
    call: FakeCall,
    subject: string | undefined,
    options: CallOptions | undefined,
  ): Promise<void> {
    await this.#faults.meet(call, subject, options?.signal);
  }
}
