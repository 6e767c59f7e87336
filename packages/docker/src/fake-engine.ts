/**
 * A Docker engine in memory, for tests: the contract suite holds it to what a real engine does. Afterwards a test
 * reads `mutations`. Failures happen only on demand.
 */
import {
  type Container,
  type ContainerId,
  isAlive,
  repositoryOf,
  type Volume,
  type VolumeName,
} from "@shipkeeper/model";
import { EngineRefused } from "./engine-errors.ts";
import type {
  CallOptions,
  Engine,
  ExecRequest,
  ExecResult,
  Isolation,
  Kill,
  Removal,
  Rename,
  Start,
  PauseAnswer,
  Stop,
  StreamedProgram,
  StreamRequest,
  UnpauseAnswer,
} from "./engine.ts";
import { KILLED } from "./fake/fake-host.ts";
import { fakeMount } from "./fake/fake-things.ts";
import { FakeRebuild } from "./fake/fake-rebuild.ts";

/** A program that writes this, piece by piece, and ends so. An error among the pieces breaks the connection there. */
export interface FakeProgram {
  readonly output: Iterable<string | Uint8Array | Error>;
  readonly exitCode: number;
  readonly stderr?: string;
}

export class FakeEngine extends FakeRebuild implements Engine {
  /** Containers that have to be killed, because they do not end when they are asked to. */
  readonly stubborn = new Set<ContainerId>();

  /** Containers that no signal ends: their processes hang in the kernel. */
  readonly unkillable = new Set<ContainerId>();

  /** What programs that are run inside containers come to. */
  answers: (id: ContainerId, request: ExecRequest) => ExecResult = () => ({ exitCode: 0, output: "" });

  /** What programs write whose output is streamed, after they read `input`, and how they end. */
  programs: (id: ContainerId, request: StreamRequest, input: Buffer) => FakeProgram = () => ({
    output: [],
    exitCode: 0,
  });

  async removeContainer(id: ContainerId, options?: CallOptions): Promise<Removal> {
    await this.mutate("removeContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (isAlive(container)) return "in-use";
    this.containersById.delete(id);
    this.announceContainer(container, "destroy");
    return "removed";
  }

  async removeImage(reference: string, options?: CallOptions): Promise<Removal> {
    await this.mutate("removeImage", reference, options);
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
    await this.mutate("removeNetwork", id, options);
    const network = this.networksById.get(id);
    if (network === undefined) return "already-gone";
    if (this.membersOf(id).some(isAlive)) return "in-use";
    this.networksById.delete(id);
    this.tell("network", "destroy", id, { name: network.name });
    return "removed";
  }

  async removeVolume(name: VolumeName, options?: CallOptions): Promise<Removal> {
    await this.mutate("removeVolume", name, options);
    if (!this.volumesByName.has(name)) return "already-gone";
    const containers = [...this.containersById.values()];
    if (containers.some(({ mounts }) => mounts.some(({ volume }) => volume === name))) return "in-use";
    this.forget(name);
    return "removed";
  }

  async removeBuildCache(id: string, options?: CallOptions): Promise<"removed" | "in-use"> {
    await this.mutate("removeBuildCache", id, options);
    const { buildCache } = this.measured;
    const isHeld = buildCache.some(
      (one) => one.parents?.includes(id) === true || (one.id === id && one.inUse),
    );
    if (isHeld || !buildCache.some((one) => one.id === id)) return "in-use";
    this.measured = { ...this.measured, buildCache: buildCache.filter((one) => one.id !== id) };
    return "removed";
  }

  async restartContainer(id: ContainerId, options?: CallOptions): Promise<"restarted" | "already-gone"> {
    await this.mutate("restartContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (isAlive(container)) this.#end(container);
    this.startByHand(id);
    this.announceContainer(container, "restart");
    return "restarted";
  }

  async stopContainer(id: ContainerId, options?: CallOptions): Promise<Stop> {
    await this.mutate("stopContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (!isAlive(container)) return "not-running";
    this.#end(container);
    return "stopped";
  }

  async startContainer(id: ContainerId, options?: CallOptions): Promise<Start> {
    await this.mutate("startContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (isAlive(container)) return "already-running";
    this.startByHand(id);
    return "started";
  }

  async killContainer(
    id: ContainerId,
    { processSignal = "SIGKILL", ...options }: CallOptions & { processSignal?: string } = {},
  ): Promise<Kill> {
    await this.mutate("killContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (!isAlive(container)) return "not-running";
    const isFinal = processSignal === "SIGKILL";
    this.announceContainer(container, "kill", { signal: isFinal ? "9" : "15" });
    if (!this.unkillable.has(id) && (isFinal || !this.stubborn.has(id)))
      this.exitContainer(id, isFinal ? KILLED : 0);
    return "killed";
  }

  async pauseContainer(id: ContainerId, options?: CallOptions): Promise<PauseAnswer> {
    await this.mutate("pauseContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (container.state === "paused") return "already-paused";
    if (container.state !== "running") return "not-running";
    this.pauseByHand(id);
    return "paused";
  }

  async unpauseContainer(id: ContainerId, options?: CallOptions): Promise<UnpauseAnswer> {
    await this.mutate("unpauseContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (container.state !== "paused") return "not-paused";
    this.unpauseByHand(id);
    return "unpaused";
  }

  async renameContainer(id: ContainerId, name: string, options?: CallOptions): Promise<Rename> {
    await this.mutate("renameContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    if (this.isTaken(name)) return "name-taken";
    const oldName = container.name;
    container.name = name;
    this.announceContainer(container, "rename", { oldName });
    return "renamed";
  }

  async copyContainer(id: ContainerId, name: string, options?: CallOptions) {
    await this.mutate("copyContainer", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    this.refuseTaken(name);
    const {
      id: _,
      startedAt: _startedAt,
      finishedAt: _finishedAt,
      exitCode: _exitCode,
      pid: _pid,
      ...own
    } = structuredClone(container);
    const health = { ...own.health, failingStreak: 0, log: [] };
    const copy = this.addContainer({ ...own, name, state: "created", createdAt: this.clock(), health });
    return { id: copy.id };
  }

  async copyIsolated(id: ContainerId, name: string, isolation: Isolation, options?: CallOptions) {
    await this.mutate("copyIsolated", id, options);
    const container = this.containersById.get(id);
    if (container === undefined) return "already-gone";
    this.refuseTaken(name);
    const { network, volumes, labels, memoryBytes, nanoCpus, pids } = isolation;
    const joined = [...this.networksById.values()].find((one) => one.id === network || one.name === network);
    if (joined === undefined) {
      throw new EngineRefused(`create container ${name}`, {
        status: 404,
        reason: `network ${network} not found`,
      });
    }
    const { imageId, image, command, environment, user, healthCheck } = structuredClone(container);
    const copy = this.addContainer({
      name,
      imageId,
      image,
      command,
      environment,
      user,
      labels: { ...labels },
      ...(healthCheck && { healthCheck }),
      state: "created",
      mounts: Array.from(volumes, ([destination, volume]) => fakeMount(volume, destination)),
      networks: [{ name: joined.name, id: joined.id, address: "" }],
      limits: { memoryBytes, nanoCpus, pids },
    });
    this.secretsById.set(copy.id, [...(this.secretsById.get(id) ?? [])]);
    return { id: copy.id };
  }

  async createInternalNetwork(
    name: string,
    labels: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<{ readonly id: string }> {
    await this.mutate("createInternalNetwork", name, options);
    if ([...this.networksById.values()].some((network) => network.name === name)) {
      const reason = `network with name ${name} already exists`;
      throw new EngineRefused(`create network ${name}`, { status: 409, reason });
    }
    return { id: this.addNetwork({ name, internal: true, labels: { ...labels } }).id };
  }

  async exec(
    id: ContainerId,
    request: ExecRequest,
    options?: CallOptions,
  ): Promise<ExecResult | "not-running"> {
    await this.meet("exec", id, options);
    const container = this.containersById.get(id);
    return container?.state === "running" ? this.answers(id, request) : "not-running";
  }

  async stream(
    id: ContainerId,
    request: StreamRequest,
    options?: CallOptions,
  ): Promise<StreamedProgram | "not-running"> {
    await this.meet("stream", id, options);
    if (this.containersById.get(id)?.state !== "running") return "not-running";
    const read: Uint8Array[] = [];
    for await (const piece of request.input ?? []) read.push(piece);
    const { output, exitCode, stderr = "" } = this.programs(id, request, Buffer.concat(read));
    async function* written() {
      for (const piece of output) {
        if (piece instanceof Error) throw piece;
        options?.signal?.throwIfAborted();
        yield Buffer.from(piece);
      }
    }
    return { output: written(), end: async () => ({ exitCode, stderr }) };
  }

  async createVolume(
    name: VolumeName,
    labels: Readonly<Record<string, string>>,
    { driver = "local", driverOptions = {}, ...options }: Parameters<Engine["createVolume"]>[2] = {},
  ): Promise<Volume> {
    await this.mutate("createVolume", name, options);
    if (this.volumesByName.has(name)) {
      const reason = "a volume of that name exists";
      throw new EngineRefused(`create volume ${name}`, { status: 409, reason });
    }
    this.driverOptions.set(name, driverOptions);
    return this.addVolume({ name, driver, labels: { ...labels } });
  }

  /** Has a container end as an engine does: asked first, killed where it does not listen. */
  #end({ id }: Container): void {
    if (this.unkillable.has(id)) {
      throw new EngineRefused(`stop container ${id}`, {
        status: 500,
        reason: "did not receive an exit event",
      });
    }
    this.stopByHand(id, this.stubborn.has(id) ? KILLED : 0);
  }
}
