/** A host that nobody would furnish so: what the agent reads of it is held against the engine's own words. */
import { DAY_MS } from "@shipkeeper/kit";
import { createInventoryReader, openEngine } from "@shipkeeper/docker";
import {
  busyboxLayer,
  fillVolume,
  type Fleet,
  type ForgedImage,
  forgeImage,
  type LabHost,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
} from "@shipkeeper/lab";
import type { Inventory } from "@shipkeeper/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { askEngine } from "./e2e/ask-engine.ts";

/** Of the 125 layers that the engine can mount on each other. */
const DEEP = 100;

const HOSTILE_LABELS = {
  html: `<img src=x onerror="alert(1)">&amp;</script>`,
  long: "long ".repeat(820),
  control: "line\r\nbell\u0007 escape\u001b[2J back\u0008 tab\t\u202Eright to left",
  "=1+1": "@SUM(A1)",
  __proto: "constructor",
};

let fleet: Fleet;
let host: LabHost;
beforeAll(async () => {
  fleet = await startFleet({ hosts: ["unseen-1"] });
  host = fleet.host("unseen-1");
  await furnishStrangely(host);
});
afterAll(() => fleet.stop());

async function furnishStrangely(host: LabHost): Promise<void> {
  const image = (name: string, more: Partial<Parameters<typeof forgeImage>[0]> = {}) =>
    forgeImage({ tags: [name], layers: [busyboxLayer()], workdir: `/${name}`, ...more });
  const deep = forgeImage({
    tags: ["deep/used:1"],
    base: image("deep/base:1"),
    layers: Array.from({ length: DEEP }, (_, index) => [{ path: `layer-${index}`, content: `${index}` }]),
  });
  const byId = image("by-id/used:1", { tags: ["by-id/used:1", "by-id/also:1"] });

  await loadImages(host, [
    image("age/year-1:1", { createdAt: "0001-01-01T00:00:00Z" }),
    image("age/year-1-used:1", { createdAt: "0001-01-01T00:00:00Z" }),
    image("age/epoch:1", { createdAt: "1970-01-01T00:00:00Z" }),
    image("age/future:1", { createdAt: "2099-12-31T23:59:59.999999999Z" }),
    image("age/none:1", { createdAt: undefined }),
    image("two/names:1", { tags: ["two/names:1", "registry.example:5000/other/name:2"] }),
    image("labels/hostile:1", { labels: HOSTILE_LABELS }),
    ...chainOn(image("chain/0:1"), 6),
    deep,
    byId,
    image("moved/used:1"),
  ]);
  await runContainer(host, {
    image: "age/year-1-used:1",
    name: "never-started",
    behaves: { kind: "created" },
  });
  await runContainer(host, {
    image: "labels/hostile:1",
    name: "labelled",
    behaves: { kind: "exited", code: 137 },
    labels: HOSTILE_LABELS,
    mounts: [{ volume: "odd", target: "/odd", readOnly: true }, { anonymousAt: "/cache" }],
  });
  await runContainer(host, { image: "deep/used:1", name: "deep", behaves: { kind: "paused" } });
  await runContainer(host, { image: "chain/3:1", name: "mid-chain", behaves: { kind: "exited", code: 0 } });
  await runContainer(host, { image: byId.id, name: "by-id", mounts: [{ volume: "odd", target: "/odd" }] });
  await runContainer(host, { image: "moved/used:1", name: "left-behind" });

  // Images of containers that from now on have no name; the container left behind bears the name of the newer one.
  for (const tag of byId.tags) await host.engine.getImage(tag).remove({ force: true });
  await loadImages(host, [image("moved/used:1", { labels: { build: "2" } })]);

  await fillVolume(host, "odd", [
    { path: "-rf", content: "x".repeat(4_000) },
    { path: "two\nlines", content: "y".repeat(8_000) },
    { path: "--help/; touch pwned", content: "z" },
  ]);
}

/** Every one is built on the one before. */
function chainOn(first: ForgedImage, length: number): ForgedImage[] {
  const chain = [first];
  for (let index = 1; index < length; index += 1) {
    const layers = [[{ path: `step-${index}`, content: "s" }]];
    chain.push(forgeImage({ tags: [`chain/${index}:1`], base: chain[index - 1] ?? first, layers }));
  }
  return chain;
}

test("what the agent reads is what the engine says", async () => {
  const reader = createInventoryReader(openEngine({ socketPath: host.socketPath }), { clock: Date.now });
  const { signal } = new AbortController();

  const inventory = await reader.readAll(signal);
  const measured = await reader.readSizes(signal);
  const said = await whatTheEngineSays();

  expect(inventory.gaps.map(({ section }) => section)).toEqual(["buildCache"]);
  expect(containersIn(inventory)).toEqual(said.containers);
  expect(imagesIn(inventory)).toEqual(said.images);
  expect(volumesIn(inventory)).toEqual(said.volumes);
  if (!("sizes" in measured)) throw new Error(measured.error);
  expect(Object.fromEntries(measured.sizes.volumeBytes)).toEqual(said.volumeBytes);
  expect(Object.fromEntries(measured.sizes.writableBytes)).toEqual(said.writableBytes);
  expect(said.containers.length).toBe(6);
  expect(said.images.map(({ layers }) => layers.length)).toContain(DEEP + 1);
  expect(said.images.filter(({ createdAt }) => createdAt === undefined).length).toBeGreaterThanOrEqual(3);
});

test("the greediest prune leaves every image that a container refers to, and nothing else", async () => {
  let laterMs = 0;
  const before = await whatTheEngineSays();
  const agent = await keepHostInTest(host, { policy: GREEDY, now: () => Date.now() + laterMs });
  await waitUntil(() => agent.observer.current(), { what: "a first look", deadlineMs: 20_000 });

  laterMs = 30 * DAY_MS;
  await agent.finished("prune");
  await agent.stop();
  const after = await whatTheEngineSays();

  const used = new Set([
    ...before.containers.map(({ imageId }) => imageId),
    ...before.images.filter(({ tags }) => tags.includes("moved/used:1")).map(({ id }) => id),
  ]);
  expect(used.size).toBe(7);
  expect(before.images.length).toBe(17);
  expect(new Set(after.images.map(({ id }) => id))).toEqual(used);
  expect(after.images).toEqual(before.images.filter(({ id }) => used.has(id)));
  expect(after.containers.map(({ id }) => id)).toEqual(before.containers.map(({ id }) => id));
  expect(after.volumes).toEqual(before.volumes);
});

const GREEDY = `
policy: greedy
hosts: { environment: lab }
rules:
  - prune: everything
    mode: enforce
    every: 1s
    images: { unusedFor: 1s, keepNewest: 0 }
    limits: { items: 1000, share: 100% }
`;

interface MountAnswer {
  Type: string;
  Name?: string;
  Source: string;
  Destination: string;
  RW: boolean;
}

/** The engine's own answers, and nothing of ours between them and here. All in the order of ids and names. */
async function whatTheEngineSays() {
  const ask = <Answer>(path: string) => askEngine<Answer>(host.socketPath, `/v1.41${path}`);
  const inspectAll = <Answer>(path: string, ids: readonly { Id: string }[]) =>
    Promise.all(ids.map(({ Id }) => ask<Answer>(`${path}/${Id}/json`)));

  const containers = await inspectAll<{
    Id: string;
    Name: string;
    Created: string;
    Image: string;
    State: { Status: string };
    Config: { Labels: Record<string, string>; Image: string };
    Mounts: MountAnswer[];
  }>("/containers", await ask("/containers/json?all=1"));
  const images = await inspectAll<{
    Id: string;
    RepoTags: string[];
    Created: string;
    Size: number;
    Config: { Labels: Record<string, string> | null };
    RootFS: { Layers: string[] };
  }>("/images", await ask("/images/json"));
  const { Volumes } = await ask<{ Volumes: { Name: string; Mountpoint: string }[] }>("/volumes");
  const usage = await ask<{
    Containers: { Id: string; SizeRw?: number }[];
    Volumes: { Name: string; UsageData: { Size: number } }[];
  }>("/system/df");

  return {
    containers: containers
      .map((container) => ({
        id: container.Id,
        name: container.Name.slice(1),
        state: container.State.Status,
        createdAt: Date.parse(container.Created),
        imageId: container.Image,
        image: container.Config.Image,
        labels: container.Config.Labels,
        mounts: container.Mounts.map((mount) => ({
          id: mount.Destination,
          is: [mount.Type, mount.Name, mount.Source, mount.RW],
        })).toSorted(byId),
      }))
      .toSorted(byId),
    images: images
      .map(({ Id, RepoTags, Created, Size, Config, RootFS }) => ({
        id: Id,
        tags: RepoTags.toSorted(),
        createdAt: Created.startsWith("0001-") ? undefined : Date.parse(Created),
        sizeBytes: Size,
        labels: Config.Labels ?? {},
        layers: RootFS.Layers,
      }))
      .toSorted(byId),
    volumes: Volumes.map(({ Name, Mountpoint }) => ({
      id: Name,
      mountpoint: Mountpoint,
      users: containers
        .filter(({ Mounts }) => Mounts.some((mount) => mount.Name === Name))
        .map(({ Id }) => Id)
        .toSorted(),
    })).toSorted(byId),
    volumeBytes: Object.fromEntries(usage.Volumes.map(({ Name, UsageData }) => [Name, UsageData.Size])),
    writableBytes: Object.fromEntries(usage.Containers.map(({ Id, SizeRw = 0 }) => [Id, SizeRw])),
  };
}

type Said = Awaited<ReturnType<typeof whatTheEngineSays>>;

function containersIn(inventory: Inventory): Said["containers"] {
  return inventory.containers
    .map(({ id, name, state, createdAt = Number.NaN, imageId, image, labels, mounts }) => ({
      id,
      name,
      state,
      createdAt,
      imageId,
      image,
      labels,
      mounts: mounts.map(({ type, volume, source, destination, readOnly }) => {
        return { id: destination, is: [type, volume, source, !readOnly] };
      }),
    }))
    .toSorted(byId);
}

function imagesIn(inventory: Inventory): Said["images"] {
  return inventory.images
    .map(({ id, tags, createdAt, sizeBytes, labels, layers }) => {
      return { id, tags: tags.toSorted(), createdAt, sizeBytes, labels, layers };
    })
    .toSorted(byId);
}

function volumesIn(inventory: Inventory): Said["volumes"] {
  return inventory.volumes
    .map(({ name, mountpoint, users }) => ({ id: name, mountpoint, users: users.toSorted() }))
    .toSorted(byId);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
