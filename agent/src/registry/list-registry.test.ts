import { DAY_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { tempLedger } from "../act/testing/act-world.ts";
import { listRegistry } from "./list-registry.ts";
import { fakeRegistry } from "./testing/fake-registry.ts";

const NOW = Date.UTC(2030, 0, 31);

async function listedRegistry() {
  const registry = await fakeRegistry();
  const ledger = tempLedger(() => NOW);
  const look = async (at = NOW) => {
    const { signal } = new AbortController();
    const listing = await listRegistry({ client: registry.client, memory: ledger.registries, at, signal });
    const web = listing.repositories.find(({ name }) => name === "web");
    return {
      listing,
      web,
      manifest: (digest: string) => web?.manifests.find((one) => one.digest === digest),
    };
  };
  return { registry, look };
}

test("an image has its tags, its build time, its labels, and what the registry stores for it", async () => {
  const { registry, look } = await listedRegistry();
  const digest = registry.image("web", ["1", "latest"], { name: "shop", created: "2024-05-06T07:08:09Z" });

  const { listing, manifest } = await look();

  expect(listing).toMatchObject({ address: registry.url.host });
  expect(listing.problem).toBeUndefined();
  expect(manifest(digest)).toMatchObject({
    tags: ["1", "latest"],
    since: NOW,
    createdAt: Date.UTC(2024, 4, 6, 7, 8, 9),
    labels: { name: "shop" },
    parts: [],
    readable: true,
  });
  expect(manifest(digest)?.blobs).toHaveLength(3);
  expect(manifest(digest)?.configDigest).toMatch(/^sha256:/);
});

test("an index is as young as its youngest part; a part that is not there is no obstacle", async () => {
  const { registry, look } = await listedRegistry();
  const parts = ["2020", "2022"].map((year) =>
    registry.image("web", [], { name: year, created: `${year}-01-01T00:00:00Z` }),
  );
  const lost = `sha256:${"0".repeat(64)}`;
  const index = registry.index("web", ["1"], [...parts, lost]);

  const { manifest } = await look();

  expect(manifest(index)).toMatchObject({ createdAt: Date.UTC(2022, 0, 1), parts: [...parts, lost] });
  expect(manifest(parts[0] ?? "")).toMatchObject({ tags: [], createdAt: Date.UTC(2020, 0, 1) });
  expect(manifest(lost)).toBeUndefined();
});

test("what it is attached to is the manifest's own word, or its tag's", async () => {
  const { registry, look } = await listedRegistry();
  const image = registry.image("web", ["1"]);
  const own = registry.image("web", ["sbom"], { subject: image });
  const tagged = registry.image("web", [`${image.replace(":", "-")}.sig`], { name: "signature" });

  const { manifest } = await look();

  expect([own, tagged].map((digest) => manifest(digest)?.attachedTo)).toEqual([image, image]);
});

test("a tag counts from when this agent first saw it lead there; one that moved counts anew", async () => {
  const { registry, look } = await listedRegistry();
  const first = registry.image("web", ["1", "latest"]);
  await look(NOW);
  const second = registry.image("web", ["2", "latest"]);
  await look(NOW + DAY_MS);

  const { manifest } = await look(NOW + 2 * DAY_MS);

  expect(manifest(first)).toMatchObject({ tags: ["1"], since: NOW });
  expect(manifest(second)).toMatchObject({ tags: ["2", "latest"], since: NOW + DAY_MS });
});

test("what lost its last tag is remembered with the time when that was seen, until it is gone", async () => {
  const { registry, look } = await listedRegistry();
  const part = registry.image("web", [], { name: "part" });
  const index = registry.index("web", ["1"], [part]);
  await look(NOW);
  registry.untag("web", "1");
  await look(NOW + DAY_MS);
  const { manifest } = await look(NOW + 2 * DAY_MS);
  const { signal } = new AbortController();
  await registry.client.deleteManifest("web", index, { signal });
  const { manifest: later } = await look(NOW + 3 * DAY_MS);

  expect([manifest(index)?.since, manifest(part)?.since]).toEqual([NOW + DAY_MS, NOW + DAY_MS]);
  expect([later(index), later(part)?.since]).toEqual([undefined, NOW + DAY_MS]);
});

test("a repository that cannot be read whole says so, and is not remembered as empty", async () => {
  const { registry, look } = await listedRegistry();
  const digest = registry.image("web", ["1"]);
  registry.image("api", ["1"]);
  await look(NOW);
  registry.intercept((request, response) => {
    const broken = request.url?.startsWith("/v2/web/") === true;
    if (broken) response.writeHead(500).end();
    return broken;
  });
  const { listing, web } = await look(NOW + DAY_MS);
  registry.intercept(() => false);
  const { manifest } = await look(NOW + 2 * DAY_MS);

  expect(web?.problem).toContain("status 500");
  expect(listing.repositories.map(({ name, problem }) => `${name} ${problem === undefined}`)).toEqual([
    "api true",
    "web false",
  ]);
  expect(manifest(digest)?.since).toBe(NOW);
});

test("a registry that does not answer is no empty one, and a tag without a manifest is told", async () => {
  const { registry, look } = await listedRegistry();
  registry.image("web", ["1"]);
  registry.intercept((request, response) => {
    const lost = request.url === "/v2/web/manifests/1";
    if (lost) response.writeHead(404).end();
    return lost;
  });
  const { web } = await look();
  registry.intercept((_, response) => (response.destroy(), true));
  const { listing } = await look();

  expect(web).toMatchObject({ manifests: [], brokenTags: ["1"] });
  expect(listing).toMatchObject({
    repositories: [],
    problem: expect.stringContaining("cannot ask the registry") as string,
  });
});
