import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabHost } from "../fleet/lab-host.ts";
import { type Fleet, startFleet } from "../fleet/start-fleet.ts";
import { waitUntil } from "../wait-until.ts";
import type { Behaviour } from "./behaviour.ts";
import { busyboxLayer } from "./busybox.ts";
import { createVolume, fillVolume } from "./fill-volume.ts";
import { type ForgedImage, forgeImage } from "./forge-image.ts";
import { loadImages } from "./load-images.ts";
import { runContainer } from "./run-container.ts";

let fleet: Fleet;
let host: LabHost;
const base = forgeImage({
  tags: ["acme/base:1"],
  createdAt: "2020-01-31T00:00:00Z",
  layers: [busyboxLayer()],
  history: [{ created: "2020-01-31T00:00:00Z", created_by: "COPY busybox /" }],
});

beforeAll(async () => {
  fleet = await startFleet({ hosts: 1 });
  host = fleet.hosts[0]!;
  await loadImages(host, [base]);
});

afterAll(() => fleet?.stop());

test("the engine calls a forged image by the id that it was forged with, and tells the same of it", async () => {
  const web = forgeImage({
    tags: ["acme/web:2", "acme/web:latest"],
    base,
    createdAt: new Date("2021-05-06T07:08:09Z"),
    layers: [[{ path: "app/index.html", content: "hello" }]],
    labels: { "com.acme.owner": "shop" },
    user: "65534",
    healthcheck: { test: ["CMD", "true"], intervalMs: 1500, retries: 2 },
    exposedPorts: ["8080/tcp"],
    env: { MODE: "fast" },
    cmd: ["httpd", "-f"],
    entrypoint: ["/bin/busybox"],
    workdir: "/app",
  });

  await loadImages(host, [web]);
  const seen = await host.engine.getImage("acme/web:2").inspect();

  expect(seen).toMatchObject({
    Id: web.id,
    Created: "2021-05-06T07:08:09Z",
    RepoTags: ["acme/web:2", "acme/web:latest"],
    RootFS: { Layers: web.layers.map((layer) => layer.diffId) },
    Config: {
      Labels: { "com.acme.owner": "shop" },
      User: "65534",
      Healthcheck: { Test: ["CMD", "true"], Interval: 1.5e9, Retries: 2 },
      ExposedPorts: { "8080/tcp": {} },
      Env: ["MODE=fast"],
      Cmd: ["httpd", "-f"],
      Entrypoint: ["/bin/busybox"],
      WorkingDir: "/app",
    },
  });
});

test("the history is the base's and then the image's own", async () => {
  const image = forgeImage({
    tags: ["acme/history:1"],
    base,
    createdAt: "2022-01-01T00:00:00Z",
    layers: [[{ path: "a", content: "a" }]],
    history: [
      { created: "2021-12-31T00:00:00Z", created_by: "COPY a /", comment: "by hand" },
      { created: "2022-01-01T00:00:00Z", created_by: "USER nobody", empty_layer: true },
    ],
  });

  await loadImages(host, [image]);
  const history = (await host.engine.getImage(image.id).history()) as {
    CreatedBy: string;
    Created: number;
  }[];

  expect(history.map((entry) => entry.CreatedBy)).toEqual(["USER nobody", "COPY a /", "COPY busybox /"]);
  expect(history[1]?.Created).toBe(Date.parse("2021-12-31T00:00:00Z") / 1000);
});

test.each([
  ["of year 1", "0001-01-01T00:00:00Z", -62_135_596_800],
  ["of 1970", "1970-01-01T00:00:00Z", 0],
  ["from the future", "2199-01-01T00:00:00Z", Date.parse("2199-01-01T00:00:00Z") / 1000],
  ["without a time", undefined, -62_135_596_800],
])("an image %s can be loaded", async (name, createdAt, seconds) => {
  const tag = `acme/odd:${name.replaceAll(" ", "-")}`;

  await loadImages(host, [forgeImage({ tags: [tag], base, createdAt })]);

  expect((await listed()).find((image) => image.RepoTags?.includes(tag))?.Created).toBe(seconds);
});

test("images on the same base share its layer in the store", async () => {
  const before = await storeBytes();
  const three = [1, 2, 3].map((number) =>
    forgeImage({ tags: [`acme/shared:${number}`], base, layers: [[{ path: "n", content: String(number) }]] }),
  );

  await loadImages(host, three);

  const grownBytes = (await storeBytes()) - before;
  expect(grownBytes).toBe(3);
});

test("an image without tags is dangling, and so is one whose tag another image takes", async () => {
  const untagged = version("untagged", []);
  const old = version("old", ["acme/moving:1"]);
  const young = version("young", ["acme/moving:1"]);

  await loadImages(host, [untagged, old]);
  await loadImages(host, [young]);

  const images = await host.engine.listImages({ filters: { dangling: ["true"] } });
  expect(images.map((image) => image.Id).toSorted()).toEqual([untagged.id, old.id].toSorted());
});

test("an image whose configuration is nonsense is refused with the engine's words", async () => {
  const nonsense = forgeImage({ tags: ["acme/nonsense:1"], base, createdAt: "last Tuesday" });

  await expect(loadImages(host, [nonsense])).rejects.toThrow(/last Tuesday/);
});

const BEHAVIOURS: [Behaviour, string, string | undefined][] = [
  [{ kind: "running" }, "running", undefined],
  [{ kind: "healthy" }, "running", "healthy"],
  [{ kind: "mends-on-restart" }, "running", "unhealthy"],
  [{ kind: "never-healthy" }, "running", "unhealthy"],
  [{ kind: "exited", code: 137 }, "exited", undefined],
  [{ kind: "created" }, "created", undefined],
  [{ kind: "paused" }, "paused", undefined],
];

test.each(BEHAVIOURS)("a container gets to be %o", async (behaves, state, health) => {
  const container = await runContainer(host, { image: "acme/base:1", behaves, healthIntervalMs: 100 });

  expect([await container.state(), await container.health()]).toEqual([state, health]);
});

test("a looping container is started again and again", async () => {
  const container = await runContainer(host, { image: "acme/base:1", behaves: { kind: "restart-looping" } });

  await waitUntil(async () => (await container.handle.inspect()).RestartCount > 2, {
    what: "the third restart",
    deadlineMs: 15_000,
  });
});

test("a restart mends the one, and does not mend the other", async () => {
  const sick = { image: "acme/base:1", healthIntervalMs: 100 };
  const mends = await runContainer(host, { ...sick, behaves: { kind: "mends-on-restart" } });
  const hopeless = await runContainer(host, { ...sick, behaves: { kind: "never-healthy" } });

  await Promise.all([mends.handle.restart(), hopeless.handle.restart()]);

  const becomes = (health: string) => ({ what: `health to be ${health}`, deadlineMs: 5000 });
  await waitUntil(async () => (await mends.health()) === "healthy", becomes("healthy"));
  await waitUntil(async () => (await hopeless.health()) === "unhealthy", becomes("unhealthy"));
});

test("limits, mounts, labels, environment and compose's labels arrive", async () => {
  const container = await runContainer(host, {
    image: "acme/base:1",
    name: "shop-web-2",
    labels: { "com.acme.owner": "shop" },
    env: { MODE: "slow" },
    limits: { memoryBytes: 32 * 2 ** 20, cpus: 0.25, pids: 20 },
    mounts: [
      { volume: "shop-data", target: "/data" },
      { anonymousAt: "/cache" },
      { bind: "/etc", target: "/host-etc", readOnly: true },
    ],
    compose: { project: "shop", service: "web", number: 2 },
  });

  const seen = await container.handle.inspect();
  expect(seen).toMatchObject({
    Name: "/shop-web-2",
    Config: { Env: ["MODE=slow"] },
    HostConfig: { Memory: 32 * 2 ** 20, NanoCpus: 0.25e9, PidsLimit: 20 },
  });
  expect(seen.Config.Labels).toMatchObject({
    "com.acme.owner": "shop",
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "web",
    "com.docker.compose.container-number": "2",
  });
  expect(
    Object.fromEntries(seen.Mounts.map((mount) => [mount.Destination, mount.Name ?? mount.Source])),
  ).toEqual({
    "/data": "shop-data",
    "/cache": expect.stringMatching(/^[0-9a-f]{64}$/),
    "/host-etc": "/etc",
  });
});

test("a volume holds files of any mode, owner, kind and name", async () => {
  const folder = await fillVolume(host, "odd-files", [
    { path: "-rf", content: "not an option" },
    { path: "two\nlines", content: "" },
    { path: "deep/er/secret", content: "s", mode: 0o4600, uid: 1000, gid: 2000 },
    { path: "link", symlinkTo: "../outside" },
    { path: "twin", hardlinkTo: "-rf" },
    { path: "hole", sparseBytes: 50 * 2 ** 20 },
    { path: "old", content: "", modifiedAt: new Date("2001-01-01T00:00:00Z") },
  ]);

  const stat = (name: string) => lstat(join(folder, name));
  expect((await readdir(folder)).toSorted()).toEqual(
    ["-rf", "deep", "hole", "link", "old", "twin", "two\nlines"].toSorted(),
  );
  expect(await readFile(join(folder, "twin"), "utf8")).toBe("not an option");
  expect((await stat("twin")).nlink).toBe(2);
  expect(await readlink(join(folder, "link"))).toBe("../outside");
  expect(await stat("deep/er/secret")).toMatchObject({ mode: 0o104600, uid: 1000, gid: 2000 });
  expect((await stat("hole")).size).toBe(50 * 2 ** 20);
  expect((await stat("hole")).blocks).toBe(0);
  expect((await stat("old")).mtime.toISOString()).toBe("2001-01-01T00:00:00.000Z");
});

test("a volume gets its labels", async () => {
  await createVolume(host, "labelled", { "com.acme.owner": "ledger" });

  const seen = await host.engine.getVolume("labelled").inspect();
  expect(seen.Labels).toEqual({ "com.acme.owner": "ledger" });
});

test("programs of the base layer run", async () => {
  const container = await runContainer(host, {
    image: "acme/base:1",
    command: ["/bin/sh", "-c", "for p in ls nc httpd dd stat find chown; do command -v $p || exit 1; done"],
    behaves: { kind: "exited", code: 0 },
  });

  expect(await container.state()).toBe("exited");
});

function version(content: string, tags: readonly string[]): ForgedImage {
  return forgeImage({ tags, base, layers: [[{ path: "version", content }]] });
}

async function listed() {
  return host.engine.listImages();
}

async function storeBytes(): Promise<number> {
  const { LayersSize } = (await host.engine.df()) as { LayersSize: number };
  return LayersSize;
}
