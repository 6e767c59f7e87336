/**
 * What the fake engine holds, and what happens to it without us. A test fills it and lets things happen; everything
 * that happens is announced.
 */
import type { Clock } from "@shipkeeper/kit";
import {
  type Container,
  type ContainerId,
  type HealthStatus,
  type Image,
  type ImageId,
  isAlive,
  type Network,
  repositoryOf,
  type Volume,
  type VolumeName,
} from "@shipkeeper/model";
import { plainContainer, plainImage } from "@shipkeeper/model/testing";
import type { EngineEvent, LogLine } from "../engine.ts";
import { eventFeed } from "./event-feed.ts";
import {
  fakeContainerId,
  fakeImageId,
  fakeNetwork,
  fakeVolume,
  type FakeVolumeFields,
} from "./fake-things.ts";

/** The exit code of a process that SIGKILL ended. */
export const KILLED = 137;

export class FakeHost {
  protected readonly clock: Clock;
  protected readonly feed = eventFeed();
  protected readonly containersById = new Map<ContainerId, Container>();
  protected readonly imagesById = new Map<ImageId, Image>();
  protected readonly volumesByName = new Map<VolumeName, Volume>();
  protected readonly networksById = new Map<string, Network>();
  /** The values of each one's environment. */
  readonly secretsById = new Map<ContainerId, string[]>();
  /** What each container wrote, oldest first. */
  readonly logLines = new Map<ContainerId, LogLine[]>();
  #made = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A new image; a tag that another image had moves here, as on a real engine. */
  addImage(fields: Partial<Image> = {}): Image {
    const image = plainImage({
      id: fakeImageId(`image ${(this.#made += 1)}`),
      createdAt: this.clock(),
      ...fields,
    });
    for (const tag of image.tags) this.dropReference(tag);
    this.imagesById.set(image.id, image);
    for (const tag of image.tags) this.tell("image", "tag", image.id, { name: tag });
    return structuredClone(image);
  }

  /** Somebody gives an image one more name. */
  tagByHand(id: ImageId, tag: string): void {
    const image = this.imagesById.get(id);
    if (image === undefined) throw new Error(`the fake engine has no image ${id}`);
    this.dropReference(tag);
    image.tags.push(tag);
    image.lastTaggedAt = this.clock();
    this.tell("image", "tag", id, { name: tag });
  }

  /** A new container of `image`, a tag or id that was added before; running where `state` says nothing else. */
  addContainer(fields: Partial<Container> & { image: string }): Container {
    const number = (this.#made += 1);
    const now = this.clock();
    const container = plainContainer({
      id: fakeContainerId(`container ${number}`),
      name: `container-${number}`,
      imageId: this.find(fields.image)?.id ?? fakeImageId(fields.image),
      createdAt: now,
      ...fields,
    });
    if (isAlive(container)) Object.assign(container, { startedAt: now, pid: 1_000 + number, ...fields });
    if (container.state === "exited") Object.assign(container, { finishedAt: now, exitCode: 0, ...fields });
    this.containersById.set(container.id, container);
    this.announceContainer(container, "create");
    if (isAlive(container)) this.announceContainer(container, "start");
    return structuredClone(container);
  }

  addVolume(fields: FakeVolumeFields): Volume {
    const volume = fakeVolume({ createdAt: this.clock(), ...fields });
    this.volumesByName.set(volume.name, volume);
    this.tell("volume", "create", volume.name, {});
    return structuredClone(volume);
  }

  addNetwork(fields: Partial<Network> & { name: string }): Network {
    const network = fakeNetwork({ createdAt: this.clock(), ...fields });
    this.networksById.set(network.id, network);
    this.tell("network", "create", network.id, { name: network.name });
    return structuredClone(network);
  }

  /** A health probe answered: five of them are remembered, and a changed status is announced. */
  setHealth(id: ContainerId, status: HealthStatus, output = ""): void {
    const container = this.#expect(id);
    const now = this.clock();
    const exitCode = status === "unhealthy" ? 1 : 0;
    const hasChanged = container.health.status !== status;
    container.health = {
      status,
      failingStreak: status === "unhealthy" ? container.health.failingStreak + 1 : 0,
      log: [...container.health.log, { startedAt: now, endedAt: now, exitCode, output }].slice(-5),
    };
    if (hasChanged) this.announceContainer(container, "health_status", { health: status });
  }

  /** A container ends by itself. */
  exitContainer(id: ContainerId, exitCode = 0): void {
    const container = this.#expect(id);
    Object.assign(container, { state: "exited", exitCode, finishedAt: this.clock() });
    delete container.pid;
    this.announceContainer(container, "die", { exitCode: String(exitCode) });
  }

  /** Somebody starts a container. */
  startByHand(id: ContainerId): void {
    const container = this.#expect(id);
    Object.assign(container, { state: "running", startedAt: this.clock(), pid: 1_000 + (this.#made += 1) });
    delete container.exitCode;
    if (container.healthCheck)
      container.health = { ...container.health, status: "starting", failingStreak: 0 };
    this.announceContainer(container, "start");
  }

  /** Somebody stops a container; whether it ends when asked is told by its exit code. */
  stopByHand(id: ContainerId, exitCode = 0): void {
    const container = this.#expect(id);
    this.announceContainer(container, "kill", { signal: "15" });
    if (exitCode === KILLED) this.announceContainer(container, "kill", { signal: "9" });
    this.exitContainer(id, exitCode);
    this.announceContainer(container, "stop");
  }

  /** Somebody has a container stand still. */
  pauseByHand(id: ContainerId): void {
    const container = this.#expect(id);
    container.state = "paused";
    this.announceContainer(container, "pause");
  }

  unpauseByHand(id: ContainerId): void {
    const container = this.#expect(id);
    container.state = "running";
    this.announceContainer(container, "unpause");
  }

  /** Somebody sends a signal, which does nothing by itself. */
  signalByHand(id: ContainerId, signal: number): void {
    this.announceContainer(this.#expect(id), "kill", { signal: String(signal) });
  }

  /** Somebody else removes something. */
  forget(id: ContainerId | ImageId | VolumeName): void {
    const container = this.containersById.get(id as ContainerId);
    if (container !== undefined) this.announceContainer(container, "destroy");
    if (this.imagesById.has(id as ImageId)) this.tell("image", "delete", id, {});
    if (this.volumesByName.has(id as VolumeName)) this.tell("volume", "destroy", id, {});
    this.containersById.delete(id as ContainerId);
    this.imagesById.delete(id as ImageId);
    this.volumesByName.delete(id as VolumeName);
  }

  announce(event: EngineEvent): void {
    this.feed.announce(event);
  }

  #expect(id: ContainerId): Container {
    const container = this.containersById.get(id);
    if (container === undefined) throw new Error(`the fake engine has no container ${id}`);
    return container;
  }

  protected find(reference: string): Image | undefined {
    const tagged =
      reference.includes("@") || repositoryOf(reference) !== reference ? reference : `${reference}:latest`;
    return [...this.imagesById.values()].find(
      ({ id, tags, digests }) => id === reference || tags.includes(tagged) || digests.includes(reference),
    );
  }

  protected dropReference(reference: string): void {
    for (const image of this.imagesById.values()) {
      image.tags = image.tags.filter((tag) => tag !== reference);
      image.digests = image.digests.filter((digest) => digest !== reference);
    }
  }

  protected announceContainer(
    { id, image, name }: Container,
    action: string,
    more: Record<string, string> = {},
  ): void {
    this.tell("container", action, id, { image, name, ...more });
  }

  protected tell(
    type: EngineEvent["type"],
    action: string,
    subject: string,
    attributes: Readonly<Record<string, string>>,
  ): void {
    this.feed.announce({ type, action, subject, attributes, at: this.clock() });
  }
}
