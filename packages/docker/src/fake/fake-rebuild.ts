import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import {
  type Container,
  type ContainerBlueprint,
  type ContainerId,
  type Image,
  type ImageId,
  type Mount,
  type NetworkBlueprint,
  type Variable,
  type VolumeBlueprint,
  type VolumeName,
  volumeNameSchema,
} from "@shipkeeper/model";
import * as z from "zod";
import { EngineRefused } from "../engine-errors.ts";
import type { EngineRebuild } from "../engine-rebuild.ts";
import type { CallOptions, EngineActor } from "../engine.ts";
import { FakeReader } from "./fake-reader.ts";

/** One call that would have changed a host, in the order of the calls. */
export interface Mutation {
  readonly call:
    keyof EngineActor | "createContainer" | "createNetwork" | "loadImage" | "pullImage" | "tagImage";
  readonly subject: string;
}

/** As much of a blueprint as the fake engine knows of a container. */
const blueprintSchema = z.object({
  Cmd: z.array(z.string()),
  Labels: z.record(z.string(), z.string()),
  User: z.string(),
  HostConfig: z.object({
    NetworkMode: z.string(),
    Binds: z.array(z.string()),
    RestartPolicy: z.object({ Name: z.string(), MaximumRetryCount: z.number() }),
  }),
});

/** The fake engine's word on what its things are made from. */
export class FakeRebuild extends FakeReader implements EngineRebuild {
  /** Every mutating call, also those that were refused or failed. */
  readonly mutations: Mutation[] = [];
  /** What registries hold, by reference. */
  readonly published = new Map<string, Partial<Image>>();
  /** Options that networks were made with, by name. */
  readonly networkCreates = new Map<string, NetworkBlueprint["create"]>();
  readonly driverOptions = new Map<VolumeName, Readonly<Record<string, string>>>();

  async containerBlueprint(
    id: ContainerId,
    { values = false, ...options }: CallOptions & { values?: boolean } = {},
  ): Promise<ContainerBlueprint | undefined> {
    await this.meet("containerBlueprint", id, options);
    const container = this.containersById.get(id);
    return container && blueprintOf(container, values ? this.secretsById.get(id) : undefined);
  }

  async networkBlueprint(id: string, options?: CallOptions): Promise<NetworkBlueprint | undefined> {
    await this.meet("networkBlueprint", id, options);
    const network = this.networksById.get(id);
    if (network === undefined) return undefined;
    const { name, driver: Driver, internal: Internal, labels: Labels } = network;
    return structuredClone({ name, create: { ...this.networkCreates.get(name), Driver, Internal, Labels } });
  }

  async volumeBlueprints(options?: CallOptions): Promise<VolumeBlueprint[]> {
    await this.meet("volumeBlueprints", undefined, options);
    return Array.from(this.volumesByName.values(), ({ name, driver, labels }) =>
      structuredClone({ name, driver, labels, options: this.driverOptions.get(name) ?? {} }),
    );
  }

  async createContainer(blueprint: ContainerBlueprint, options?: CallOptions): Promise<{ id: ContainerId }> {
    await this.mutate("createContainer", blueprint.name, options);
    const attempt = `create container ${blueprint.name}`;
    this.refuseTaken(blueprint.name);
    if (this.find(blueprint.image) === undefined) {
      throw new EngineRefused(attempt, { status: 404, reason: `No such image: ${blueprint.image}` });
    }
    const { Cmd, Labels, User, HostConfig } = blueprintSchema.parse(blueprint.create);
    const { id } = this.addContainer({
      name: blueprint.name,
      image: blueprint.image,
      state: "created",
      command: Cmd,
      labels: Labels,
      user: User,
      environment: blueprint.environment.map(({ name }) => name),
      mounts: HostConfig.Binds.map((bind) => this.#mountOf(bind)),
      restartPolicy: {
        name: HostConfig.RestartPolicy.Name,
        maximumRetries: HostConfig.RestartPolicy.MaximumRetryCount,
      },
      networks: blueprint.networks.map(({ network: name }) => ({
        name,
        id: this.#networkId(name),
        address: "",
      })),
    });
    this.secretsById.set(
      id,
      blueprint.environment.map(({ value = "" }) => value),
    );
    return { id };
  }

  async createNetwork({ name, create }: NetworkBlueprint, options?: CallOptions): Promise<{ id: string }> {
    await this.mutate("createNetwork", name, options);
    if (this.#networkId(name) !== "") {
      const reason = `network with name ${name} already exists`;
      throw new EngineRefused(`create network ${name}`, { status: 409, reason });
    }
    this.networkCreates.set(name, create);
    const { Driver: driver, Internal: internal, Labels: labels } = networkSchema.parse(create);
    return { id: this.addNetwork({ name, driver, internal, labels }).id };
  }

  async saveImage(reference: string, options: { signal: AbortSignal }): Promise<Readable> {
    await this.meet("saveImage", reference, options);
    const image = this.find(reference);
    const attempt = `save image ${reference}`;
    if (image === undefined) throw new EngineRefused(attempt, { status: 404, reason: "No such image" });
    return Readable.from([JSON.stringify({ ...image, tags: [reference], digests: [] })]);
  }

  async loadImage(saved: Readable, options: { signal: AbortSignal }): Promise<void> {
    await this.mutate("loadImage", "", options);
    try {
      this.addImage(JSON.parse((await buffer(saved)).toString("utf8")) as Image);
    } catch (error) {
      throw new EngineRefused("load an image", { status: 500, reason: String(error) });
    }
  }

  async pullImage(reference: string, options?: CallOptions): Promise<void> {
    await this.mutate("pullImage", reference, options);
    const image = this.published.get(reference);
    const attempt = `pull image ${reference}`;
    if (image === undefined) throw new EngineRefused(attempt, { status: 404, reason: "manifest unknown" });
    this.addImage(reference.includes("@") ? { ...image, digests: [reference] } : image);
  }

  async tagImage(id: ImageId, tag: string, options?: CallOptions): Promise<void> {
    await this.mutate("tagImage", tag, options);
    this.tagByHand(id, tag);
  }

  protected isTaken(name: string): boolean {
    return [...this.containersById.values()].some((container) => container.name === name);
  }

  protected refuseTaken(name: string): void {
    if (!this.isTaken(name)) return;
    throw new EngineRefused(`create container ${name}`, { status: 409, reason: "the name is in use" });
  }

  protected async mutate(
    call: Mutation["call"],
    subject: string,
    options: CallOptions | undefined,
  ): Promise<void> {
    this.mutations.push({ call, subject });
    await this.meet(call, subject, options);
  }

  #networkId(name: string): string {
    return [...this.networksById.values()].find((network) => network.name === name)?.id ?? "";
  }

  /** A volume that is not there is made, as on a real engine. */
  #mountOf(bind: string): Mount {
    const [source = "", destination = "", mode = ""] = bind.split(":");
    const readOnly = mode.split(",").includes("ro");
    if (source.startsWith("/")) return { type: "bind", source, destination, readOnly };
    const volume = volumeNameSchema.parse(source);
    const { mountpoint } = this.volumesByName.get(volume) ?? this.addVolume({ name: volume });
    return { type: "volume", volume, source: mountpoint, destination, readOnly };
  }
}

const networkSchema = z.object({
  Driver: z.string().default("bridge"),
  Internal: z.boolean().default(false),
  Labels: z.record(z.string(), z.string()).default({}),
});

function blueprintOf(container: Container, values: readonly string[] | undefined): ContainerBlueprint {
  const { name, image, imageId, environment, command, labels, user, restartPolicy } = container;
  const create: z.input<typeof blueprintSchema> = {
    Cmd: command,
    Labels: labels,
    User: user,
    HostConfig: {
      NetworkMode: container.networks[0]?.name ?? container.privileges.networkMode,
      Binds: container.mounts.map(
        ({ volume, source, destination, readOnly }) =>
          `${volume ?? source}:${destination}${readOnly ? ":ro" : ""}`,
      ),
      RestartPolicy: { Name: restartPolicy.name, MaximumRetryCount: restartPolicy.maximumRetries },
    },
  };
  return structuredClone({
    name,
    image,
    imageId,
    environment: environment.map((name, index): Variable => {
      const value = values?.[index];
      return value === undefined ? { name } : { name, value };
    }),
    create,
    networks: container.networks.map(({ name: network }) => ({ network, endpoint: {} })),
  });
}
