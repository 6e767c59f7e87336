/** The part of the engine contract that is about blueprints: what a thing was made from, and making it from that again. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { volumeNameSchema } from "@shipkeeper/model";
import { beforeAll, expect, test } from "vitest";
import type { EngineWorld } from "./contract-world.ts";
import { EngineRefused } from "./engine-errors.ts";
import type { Engine } from "./engine.ts";
import { fakeContainerId } from "./fake/fake-things.ts";

/** To be called where tests are described, once the world is made before all of them. */
export function rebuildContract(madeWorld: () => EngineWorld): void {
  let world: EngineWorld;
  let engine: Engine;
  const { signal } = new AbortController();

  beforeAll(() => {
    world = madeWorld();
    engine = world.engine;
  });

  test("from its blueprint a container is made again, with its environment and what else it was made with", async () => {
    const imageId = await world.addImage({ tags: ["contract/order:1"] });
    const id = await world.addContainer({
      name: "drawn",
      image: "contract/order:1",
      state: "running",
      volume: "blueprint-kept",
      labels: { "com.acme.owner": "payments" },
      environment: ["TOKEN=sword=fish", "EMPTY="],
    });
    const { id: network } = await engine.createNetwork({
      name: "blueprint-net",
      create: { Driver: "bridge" },
    });

    const blueprint = (await engine.containerBlueprint(id, { values: true }))!;
    const HostConfig = { ...(blueprint.create["HostConfig"] as object), NetworkMode: "blueprint-net" };
    const { id: made } = await engine.createContainer({
      ...blueprint,
      name: "drawn-again",
      create: { ...blueprint.create, HostConfig },
      networks: [{ network: "blueprint-net", endpoint: {} }],
    });

    expect(blueprint).toMatchObject({ name: "drawn", image: "contract/order:1", imageId });
    const [first, second] = await Promise.all([engine.container(id), engine.container(made)]);
    const { command, labels, mounts, limits, restartPolicy, user, environment } = first!;
    expect(second).toMatchObject({ name: "drawn-again", state: "created", imageId });
    expect(second).toMatchObject({ command, labels, mounts, limits, restartPolicy, user, environment });
    expect(await engine.environmentValues(made)).toEqual(await engine.environmentValues(id));
    expect(second?.networks.map(({ name }) => name)).toEqual(["blueprint-net"]);
    expect(await engine.removeContainer(made)).toBe("removed");
    expect(await engine.removeNetwork(network)).toBe("removed");
  });

  test("an blueprint tells the values of the environment only where they are asked for", async () => {
    await world.addImage({ tags: ["contract/quiet:1"] });
    const environment = ["TOKEN=sword=fish", "EMPTY="];
    const image = "contract/quiet:1";
    const id = await world.addContainer({ name: "quiet", image, state: "exited", environment });

    const quiet = await engine.containerBlueprint(id);
    const loud = await engine.containerBlueprint(id, { values: true });

    expect(quiet?.environment).toEqual(expect.arrayContaining([{ name: "TOKEN" }, { name: "EMPTY" }]));
    expect(JSON.stringify(quiet)).not.toContain("sword");
    expect(loud?.environment).toEqual(
      expect.arrayContaining([
        { name: "TOKEN", value: "sword=fish" },
        { name: "EMPTY", value: "" },
      ]),
    );
    expect(await engine.containerBlueprint(fakeContainerId("never made"))).toBeUndefined();
  });

  test("a container is not made where its name is taken or its image is not there", async () => {
    await world.addImage({ tags: ["contract/refused:1"] });
    const image = "contract/refused:1";
    const id = await world.addContainer({ name: "refused", image, state: "created" });
    const blueprint = (await engine.containerBlueprint(id, { values: true }))!;

    await expect(engine.createContainer(blueprint)).rejects.toThrow(EngineRefused);
    const absent = { ...blueprint, name: "refused-other", image: "contract/nowhere:1" };
    await expect(engine.createContainer(absent)).rejects.toThrow(EngineRefused);
    const names = await Promise.all(
      (await engine.containerIds()).map(async (one) => (await engine.container(one))?.name),
    );
    expect(names).not.toContain("refused-other");
  });

  test("networks and volumes are made from their blueprints, once", async () => {
    const IPAM = { Driver: "default", Config: [{ Subnet: "10.213.7.0/24", Gateway: "10.213.7.1" }] };
    const labels = { "com.acme.owner": "payments" };
    const create = { Driver: "bridge", Internal: true, Labels: labels, IPAM };
    const { id } = await engine.createNetwork({ name: "net-made", create });
    const volume = volumeNameSchema.parse("blueprint-volume");
    const driverOptions = { type: "tmpfs", device: "tmpfs" };
    await engine.createVolume(volume, labels, { driver: "local", driverOptions });

    const network = await engine.networkBlueprint(id);
    const volumes = await engine.volumeBlueprints();

    expect(network).toMatchObject({ name: "net-made", create });
    await expect(engine.createNetwork(network!)).rejects.toThrow(EngineRefused);
    expect(volumes).toContainEqual({ name: volume, driver: "local", labels, options: driverOptions });
    expect(await engine.removeNetwork(id)).toBe("removed");
    expect(await engine.networkBlueprint(id)).toBeUndefined();
    expect(await engine.removeVolume(volume)).toBe("removed");
  });

  test("an image is saved with its name and loaded again; nothing else is taken for one", async () => {
    const id = await world.addImage({ tags: ["contract/saved:1", "contract/saved:other"] });

    const saved = await buffer(await engine.saveImage("contract/saved:1", { signal }));
    await engine.removeImage("contract/saved:other");
    await engine.removeImage("contract/saved:1");
    await engine.loadImage(Readable.from([saved]), { signal });

    expect((await engine.image(id))?.tags).toEqual(["contract/saved:1"]);
    await expect(engine.loadImage(Readable.from(["no image"]), { signal })).rejects.toThrow(EngineRefused);
    await expect(engine.saveImage("contract/nowhere:1", { signal })).rejects.toThrow(EngineRefused);
    await engine.tagImage(id, "contract/saved:again");
    expect((await engine.image(id))?.tags).toEqual(
      expect.arrayContaining(["contract/saved:1", "contract/saved:again"]),
    );
  });

  test("an image that no registry has cannot be pulled", async () => {
    await expect(engine.pullImage("127.0.0.1:9/contract/nowhere:1")).rejects.toThrow(EngineRefused);
  });
}
