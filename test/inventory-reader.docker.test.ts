import { createInventoryReader, mergeSizes, openEngine } from "@shipkeeper/docker";
import {
  busyboxLayer,
  fillVolume,
  type Fleet,
  forgeImage,
  type LabHost,
  loadImages,
  runContainer,
  startFleet,
} from "@shipkeeper/lab";
import { inventorySchema, isComplete } from "@shipkeeper/model";
import { afterAll, beforeAll, expect, test } from "vitest";

let fleet: Fleet;
let host: LabHost;
const never = new AbortController().signal;

beforeAll(async () => {
  fleet = await startFleet({ hosts: ["inventory-1"] });
  host = fleet.host("inventory-1");
  const base = forgeImage({
    tags: ["acme/base:1"],
    createdAt: "2020-01-01T00:00:00Z",
    layers: [busyboxLayer()],
  });
  const web = forgeImage({
    tags: ["acme/web:2"],
    base,
    layers: [[{ path: "app", content: "x".repeat(5_000) }]],
  });
  await loadImages(host, [base, web]);
  await runContainer(host, {
    image: "acme/web:2",
    name: "web",
    command: ["sh", "-c", "echo 12345 > /written; trap 'exit 0' TERM; sleep 1000 & wait"],
    mounts: [{ volume: "web-data", target: "/data" }, { anonymousAt: "/cache" }],
    compose: { project: "shop", service: "web" },
    env: { DB_PASSWORD: "hunter2" },
    logOptions: { "max-size": "10m", "max-file": "3" },
  });
  await runContainer(host, { image: "acme/base:1", name: "once", behaves: { kind: "exited", code: 3 } });
  await fillVolume(host, "web-data", [{ path: "rows", content: "y".repeat(10_000) }]);
});
afterAll(() => fleet.stop());

const readerOf = (host: LabHost) =>
  createInventoryReader(openEngine({ socketPath: host.socketPath }), { clock: Date.now });

test("a real host's inventory is whole, keeps its own schema, and holds no environment value", async () => {
  const inventory = await readerOf(host).readAll(never);

  expect(inventorySchema.parse(inventory)).toEqual(inventory);
  expect(inventory.gaps.map(({ section }) => section)).toEqual(["buildCache"]);
  expect(inventory.engine).toMatchObject({ imageStore: "graphdriver", rootDir: host.dataRoot });
  expect(inventory.host).toMatchObject({
    hostname: "inventory-1",
    disks: [{ path: host.dataRoot }, { path: "/" }],
  });
  expect(
    inventory.containers.map(({ name, state, exitCode }) => `${name} ${state} ${exitCode}`).sort(),
  ).toEqual(["once exited 3", "web running undefined"]);
  const web = inventory.containers.find(({ name }) => name === "web");
  expect(web?.compose).toEqual({ project: "shop", service: "web", number: "1" });
  expect(web?.logRotation).toEqual({ maxSize: "10m", maxFile: "3" });
  expect(inventory.containers.find(({ name }) => name === "once")?.logRotation).toEqual({});
  expect(inventory.volumes.map(({ users }) => users)).toEqual([[web?.id], [web?.id]]);
  expect(inventory.volumes.filter(({ anonymous }) => anonymous)).toHaveLength(1);
  expect(JSON.stringify(inventory)).not.toContain("hunter2");
});

test("sizes tell what was written, what a volume holds, and which layers are shared", async () => {
  const reader = readerOf(host);

  const inventory = mergeSizes(await reader.readAll(never), await reader.readSizes(never));

  expect(inventory.gaps).toEqual([]);
  expect(inventory.containers.find(({ name }) => name === "web")?.writableBytes).toBeGreaterThanOrEqual(6);
  expect(inventory.containers.map(({ logBytes }) => typeof logBytes)).toEqual(["number", "number"]);
  expect(inventory.volumes.map(({ refCount }) => refCount)).toEqual([1, 1]);
  expect(inventory.volumes.find(({ name }) => name === "web-data")?.sizeBytes).toBeGreaterThanOrEqual(10_000);
  expect(inventory.images.find(({ tags }) => tags.includes("acme/web:2"))?.sharedBytes).toBeGreaterThan(
    1_000_000,
  );
});

test("an engine that crashed and came back is read again by the same reader", async () => {
  const reader = readerOf(host);
  await reader.readAll(never);

  await host.kill9();
  const away = await reader.readAll(never);
  await host.restart();
  const back = await reader.readAll(never);

  expect(isComplete(away, "containers")).toBe(false);
  expect(away.containers).toEqual([]);
  expect(isComplete(back, "containers")).toBe(true);
  expect(back.containers).toHaveLength(2);
});

test("an engine that accepts and never answers can be given up at any time", async () => {
  const reader = readerOf(host);
  await reader.readAll(never);
  await host.freeze();

  const look = reader.readAll(AbortSignal.timeout(300));
  await expect(look).rejects.toThrow("timeout");
  host.thaw();

  expect((await reader.readAll(never)).containers).toHaveLength(2);
});
