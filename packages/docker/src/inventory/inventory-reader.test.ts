import { type ContainerId, isComplete } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { EngineEvent } from "../engine.ts";
import { EngineRefused } from "../engine-errors.ts";
import { FakeEngine } from "../fake-engine.ts";
import { changesOf } from "./changes.ts";
import { createInventoryReader } from "./inventory-reader.ts";
import { mapBounded } from "@shipkeeper/kit";
import { mergeSizes } from "./merge-sizes.ts";

const NOW = Date.UTC(2030, 0, 31);
const signal = new AbortController().signal;
const REFUSED = new EngineRefused("do it", { status: 500, reason: "on strike" });

/** An engine with two containers of one image, one of them with a volume, and a reader on it. */
function world() {
  const engine = new FakeEngine({ clock: () => NOW });
  const image = engine.addImage({ tags: ["web:1"] });
  const volume = engine.addVolume({ name: "data" });
  const web = engine.addContainer({ name: "web", image: "web:1" });
  const batch = engine.addContainer({
    name: "batch",
    image: "web:1",
    state: "exited",
    mounts: [{ type: "volume", volume: volume.name, source: "/x", destination: "/data", readOnly: false }],
  });
  engine.addNetwork({ name: "bridge" });
  const reader = createInventoryReader(engine, {
    clock: () => NOW,
    disks: ["/backup"],
    readDisk: async (path) => ({ path, totalBytes: 100, freeBytes: 40, totalInodes: 10, freeInodes: 5 }),
  });
  return { engine, reader, image, volume, web, batch };
}

test("an inventory holds everything, with the users of every volume in whatever state", async () => {
  const { reader, image, volume, web, batch } = world();

  const inventory = await reader.readAll(signal);

  expect(inventory.takenAt).toBe(NOW);
  expect(inventory.engine?.version).toBe("20.10.24");
  expect(inventory.host).toMatchObject({ hostname: "fake-1", bootedAt: expect.any(Number) });
  expect(inventory.host.disks.map(({ path }) => path)).toEqual(["/", "/backup"]);
  expect(inventory.containers.map(({ id }) => id)).toEqual([web.id, batch.id]);
  expect(inventory.images).toEqual([image]);
  expect(inventory.volumes).toEqual([{ ...volume, users: [batch.id] }]);
  expect(inventory.networks.map(({ name }) => name)).toEqual(["bridge"]);
});

test("until sizes were measured there are none, and the build cache is unknown rather than empty", async () => {
  const { reader } = world();

  const inventory = await reader.readAll(signal);

  expect(isComplete(inventory, "buildCache")).toBe(false);
  expect(inventory.containers[0]).not.toHaveProperty("writableBytes");
});

test("a list that fails is a gap for its section, and the others are read all the same", async () => {
  const { engine, reader } = world();
  engine.fail({ call: "containerIds", with: REFUSED });

  const inventory = await reader.readAll(signal);

  expect(inventory.containers).toEqual([]);
  expect(isComplete(inventory, "containers")).toBe(false);
  expect(inventory.gaps).toContainEqual({
    section: "containers",
    error: "the engine refused to do it (HTTP 500): on strike",
  });
  expect(inventory.images).toHaveLength(1);
  expect(isComplete(inventory, "images")).toBe(true);
});

test("one container that cannot be inspected is a gap with its id, never an absence", async () => {
  const { engine, reader, web, batch } = world();
  engine.fail({ call: "container", subject: web.id, with: REFUSED });

  const inventory = await reader.readAll(signal);

  expect(inventory.containers.map(({ id }) => id)).toEqual([batch.id]);
  expect(inventory.gaps).toContainEqual(expect.objectContaining({ section: "containers", subject: web.id }));
});

test("an engine that is away leaves the host's own facts and a gap for everything else", async () => {
  const { engine, reader } = world();
  engine.goDown();

  const inventory = await reader.readAll(signal);

  expect(inventory.engine).toBeUndefined();
  expect(inventory.host.cpus).toBeGreaterThan(0);
  expect([...new Set(inventory.gaps.map(({ section }) => section))].sort()).toEqual([
    "buildCache",
    "containers",
    "engine",
    "images",
    "networks",
    "volumes",
  ]);
});

test("an aborted look throws instead of telling gaps", async () => {
  const { reader } = world();

  await expect(reader.readAll(AbortSignal.abort(new Error("shutting down")))).rejects.toThrow(
    "shutting down",
  );
});

test("a resync inspects only images that it has not seen, and still sees their new names", async () => {
  const { engine, reader, image } = world();
  await reader.readAll(signal);
  engine.fail({ call: "image", with: REFUSED });

  await engine.removeImage("web:1"); // in use: nothing happens
  engine.addImage({ id: image.id, tags: ["web:1", "web:stable"] });
  const inventory = await reader.readAll(signal);

  expect(inventory.images.map(({ tags }) => tags)).toEqual([["web:1", "web:stable"]]);
  expect(isComplete(inventory, "images")).toBe(true);
});

test("events are followed by reading again only what they are about", async () => {
  const { engine, reader, web, batch } = world();
  const before = await reader.readAll(signal);
  engine.fail({ call: "containerIds", with: REFUSED });
  engine.setHealth(web.id, "unhealthy");
  engine.forget(batch.id);
  const fresh = engine.addContainer({ name: "fresh", image: "web:1" });

  const changes = { containers: new Set([web.id, batch.id, fresh.id]), sections: new Set<never>() };
  const after = await reader.refresh(before, changes, signal);

  expect(after.containers.map(({ name, health }) => `${name} ${health.status}`).sort()).toEqual([
    "fresh none",
    "web unhealthy",
  ]);
  expect(after.volumes[0]?.users).toEqual([]);
  expect(after.images).toEqual(before.images);
  expect(after.gaps).toEqual(before.gaps);
});

test("what cannot be read again is unknown from then on, until it can", async () => {
  const { engine, reader, web } = world();
  const before = await reader.readAll(signal);
  const changes = { containers: new Set([web.id]), sections: new Set(["volumes"] as const) };

  const heal = [
    engine.fail({ call: "container", subject: web.id, with: REFUSED }),
    engine.fail({ call: "volumes", with: REFUSED }),
  ];
  const blind = await reader.refresh(before, changes, signal);
  for (const done of heal) done();
  const healed = await reader.refresh(blind, changes, signal);

  expect(blind.containers.map(({ name }) => name)).toEqual(["batch"]);
  expect([isComplete(blind, "containers"), isComplete(blind, "volumes")]).toEqual([false, false]);
  expect([isComplete(healed, "containers"), isComplete(healed, "volumes")]).toEqual([true, true]);
  expect(healed.containers).toHaveLength(2);
});

test("sizes are merged into what they were measured of, and a failed measurement is a gap", async () => {
  const { engine, reader, image, volume, web } = world();
  engine.measured = {
    writableBytes: new Map([[web.id, 7]]),
    volumeRefCounts: new Map(),
    volumeBytes: new Map([[volume.name, 8]]),
    sharedImageBytes: new Map([[image.id, 9]]),
    buildCache: [],
  };
  const inventory = await reader.readAll(signal);

  const sized = mergeSizes(inventory, await reader.readSizes(signal));
  engine.fail({ call: "sizes", with: REFUSED });
  const unsized = mergeSizes(inventory, await reader.readSizes(signal));

  expect(sized.containers.map(({ writableBytes }) => writableBytes)).toEqual([7, undefined]);
  expect([sized.images[0]?.sharedBytes, sized.volumes[0]?.sizeBytes]).toEqual([9, 8]);
  expect(sized.gaps).toEqual([]);
  expect(unsized.gaps.map(({ section }) => section)).toEqual(["sizes", "buildCache"]);
});

test("events become the few reads that they ask for", () => {
  const id = "a".repeat(64) as ContainerId;
  const event = (
    type: EngineEvent["type"],
    action: string,
    subject: string,
    attributes = {},
  ): EngineEvent => ({
    type,
    action,
    subject,
    attributes,
    at: NOW,
  });

  const changes = changesOf([
    event("container", "start", id),
    event("container", "die", id),
    event("container", "prune", ""),
    event("network", "connect", "n", { container: "b".repeat(64) }),
    event("image", "untag", "sha256:1"),
    event("builder", "prune", ""),
  ]);

  expect([...changes.containers]).toEqual([id, "b".repeat(64)]);
  expect([...changes.sections]).toEqual(["images"]);
});

test("no more than so many are under way at once, and results keep their order", async () => {
  let underWay = 0;
  let most = 0;

  const results = await mapBounded([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise(setImmediate);
    underWay -= 1;
    return item * 10;
  });

  expect(results).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(most).toBe(3);
});
