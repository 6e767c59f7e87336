import { createHash } from "node:crypto";
import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { seededRandom } from "../random.ts";
import { type DemoOptions, demoWorld } from "./demo-world.ts";
import type { World } from "./world.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");
const WHOLE = describeWorld(demoOf());

function demoOf(options: DemoOptions = {}, seed = 1): World {
  return demoWorld(seededRandom(seed), { now: NOW, ...options });
}

function describeWorld({ hosts }: World) {
  const images = new Map(hosts.flatMap((host) => host.images).map((image) => [image.id, image]));
  const agesDays = [...images.values()].map(
    (image) => (NOW - Date.parse(image.config.created ?? "")) / days(1),
  );
  const repositories = new Set([...images.values()].flatMap((image) => image.tags.map(repositoryOf)));
  const labels = [...images.values()].map(
    (image) => (image.config.config["Labels"] ?? {}) as Record<string, string>,
  );
  const owners = labels.map((label) => label["com.acme.owner"]);
  const containers = hosts.flatMap((host) => host.containers);
  const sick = (kind: string) => containers.filter((container) => container.behaves?.kind === kind).length;

  return {
    hosts: hosts.length,
    hostNames: new Set(hosts.map((host) => host.name)).size,
    containers: containers.length,
    images: images.size,
    youngestDays: Math.min(...agesDays),
    oldestDays: Math.max(...agesDays),
    repositories: repositories.size,
    bases: [...repositories].filter((name) => name.includes("/base/")).length,
    owners: new Set(owners.filter((owner) => owner !== undefined)).size,
    unowned: owners.filter((owner) => owner === undefined).length,
    filledVolumes: hosts.flatMap((host) => host.volumes).filter((volume) => volume.files.length > 0).length,
    mendable: sick("mends-on-restart"),
    hopeless: sick("never-healthy"),
    hostsWithStaleContainers: hosts.filter((host) => host.staleContainers.length > 0).length,
    hostsWithDanglingImages: hosts.filter((host) => host.supersededImages.length > 0).length,
  };
}

test("the demo is as large and as varied as it is said to be", () => {
  expect(WHOLE).toMatchObject({
    hosts: 10,
    hostNames: 10,
    containers: 50,
    youngestDays: 1,
    oldestDays: 900,
    bases: 3,
    owners: 5,
    mendable: 2,
    hopeless: 1,
    hostsWithStaleContainers: 10,
    hostsWithDanglingImages: 10,
  });
  expect(WHOLE.images).toBeGreaterThanOrEqual(30);
  expect(WHOLE.repositories).toBeGreaterThanOrEqual(12);
  expect(WHOLE.filledVolumes).toBeGreaterThanOrEqual(8);
  expect(WHOLE.unowned).toBeGreaterThan(3);
});

test("the same seed describes the same world", () => {
  const small = { hosts: 3, containers: 8 };

  expect(fingerprint(demoOf(small, 5))).toBe(fingerprint(demoOf(small, 5)));
  expect(fingerprint(demoOf(small, 5))).not.toBe(fingerprint(demoOf(small, 6)));
});

test.each([
  { hosts: 1, containers: 3 },
  { hosts: 3, containers: 7 },
  { hosts: 12, containers: 4 },
  { hosts: 25, containers: 100 },
])("$hosts hosts with $containers containers", (size) => {
  const world = demoOf(size);

  const described = describeWorld(world);
  expect(described).toMatchObject({ ...size, hostNames: size.hosts, mendable: 2, hopeless: 1 });
  expect(described.hostsWithDanglingImages).toBe(size.hosts);
});

test("every container of a host has an image that is on the host, and a name and volumes of its own", () => {
  for (const host of demoOf({ hosts: 6, containers: 90 }).hosts) {
    const tags = new Set(host.images.flatMap((image) => image.tags));
    const specs = [...host.containers, ...host.staleContainers.map((stale) => stale.spec)];
    const mounts = specs.flatMap((spec) => spec.mounts ?? []);
    const volumes = host.volumes.map((volume) => volume.name);

    expect(specs.filter((spec) => !tags.has(spec.image))).toEqual([]);
    expect(new Set(specs.map((spec) => spec.name)).size).toBe(specs.length);
    expect(mounts.filter((mount) => !("volume" in mount && volumes.includes(mount.volume)))).toEqual([]);
    expect(new Set(volumes).size).toBe(volumes.length);
  }
});

/** Images stand for their content by their ids: layers are long. */
function fingerprint(world: World): string {
  const layers = (key: string, value: unknown) => (key === "layers" ? undefined : value);
  return createHash("sha256").update(JSON.stringify(world, layers)).digest("hex");
}

function repositoryOf(tag: string): string {
  return tag.slice(0, tag.lastIndexOf(":"));
}
