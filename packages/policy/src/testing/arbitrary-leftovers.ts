/** Random volumes, networks and records of build cache, with what the agent remembers of them and who uses them. */
import { days, HOUR_MS } from "@shipkeeper/kit";
import type { BuildCacheRecord, Container, Inventory, Network } from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import * as fc from "fast-check";
import type { KnownRestorePoint } from "../round/world.ts";
import { labels, maybe, past, rarely } from "./arbitrary-facts.ts";
import { NOW } from "./world.ts";

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

const volumes = fc
  .array(
    fc.record({
      driver: fc.constantFrom("local", "local", "local", "nfs"),
      anonymous: fc.boolean(),
      createdAt: maybe(past),
      sizeBytes: maybe(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1e9 }))),
      refCount: maybe(fc.constantFrom(0, 0, 1)),
      labels,
    }),
    { maxLength: 12 },
  )
  .map((all) => all.map((facts, index) => plainVolume(`v${index}`, facts)));

const networks = fc
  .array(
    fc.record({
      isBridge: rarely,
      driver: fc.constantFrom("bridge", "bridge", "macvlan", "overlay"),
      scope: fc.constantFrom("local", "local", "local", "swarm"),
      attachable: rarely,
      ingress: rarely,
      createdAt: maybe(past),
      labels: fc.oneof(labels, fc.constant({ "com.docker.compose.project": "shop" })),
    }),
    { maxLength: 8 },
  )
  .map((all) =>
    all.map(({ isBridge, ...facts }, index): Network => {
      const name = isBridge ? "bridge" : `n${index}`;
      return { id: `network-${index}`, name, internal: false, ...facts };
    }),
  );

const buildCache = fc
  .array(
    fc.record({
      parent: fc.option(fc.nat(12), { nil: undefined, freq: 2 }),
      sizeBytes: fc.integer({ min: 0, max: 2e9 }),
      lastUsedAt: maybe(past),
      inUse: fc.constantFrom(...Array.from({ length: 30 }, () => false), true),
      shared: rarely,
    }),
    { maxLength: 12 },
  )
  .map((all) =>
    all.map(({ parent, lastUsedAt, ...facts }, index): BuildCacheRecord => {
      // Mostly quiet: a build under way lets the whole section wait.
      const usedAt = lastUsedAt !== undefined && index > 0 ? Math.min(lastUsedAt, NOW - HOUR_MS) : lastUsedAt;
      const parents = parent !== undefined && parent < index ? [`cache-${parent}`] : [];
      const names = { id: `cache-${index}`, type: "regular", description: `step ${index}` };
      return { ...names, usageCount: 1, createdAt: NOW - days(400), ...facts, lastUsedAt: usedAt, parents };
    }),
  );

/** Which container uses which thing, by position. */
const uses = fc.array(fc.record({ container: fc.nat(24), thing: fc.nat(12) }), { maxLength: 6 });

/** Which container has which folder of the host, by position. */
const folders = fc.array(
  fc.record({
    container: fc.nat(24),
    source: fc.constantFrom("/srv/app", "/srv/app/logs", "/srv", "/opt/joe", "/srv/fpm.sock", "/proc"),
    readOnly: rarely,
  }),
  { maxLength: 6 },
);

/** Since when the agent saw nothing refer to a thing, by position; most of them it remembers. */
const since = fc.array(fc.option(past, { nil: undefined, freq: 4 }), { minLength: 12, maxLength: 12 });

const restorePoints = fc
  .array(fc.record({ volume: fc.nat(12), at: past, isVerified: fc.boolean() }), { maxLength: 10 })
  .map((all) =>
    all.map(({ volume, at, isVerified }, index): KnownRestorePoint => {
      const rule = ["a/one", "b/two", "a/two"][index % 3] ?? "";
      const point = { id: `point-${index}`, repository: "local", dataset: `volume:v${volume}`, at, rule };
      return isVerified ? { ...point, verifiedAt: NOW } : point;
    }),
  );

export const leftovers = fc
  .record({ volumes, networks, buildCache, restorePoints, uses, folders, joins: uses, since, idle: since })
  .map(({ since, idle, ...left }) => ({
    ...left,
    orphans: {
      volumes: remembered(since, (index) => `v${index}`),
      networks: remembered(idle, (index) => `network-${index}`),
    },
  }));

/** The same containers and volumes, with the mounts and networks that were drawn for them. */
export function connect(
  containers: readonly Container[],
  {
    volumes,
    networks,
    uses,
    folders,
    joins,
  }: Pick<Drawn<typeof leftovers>, "volumes" | "networks" | "uses" | "folders" | "joins">,
): Pick<Inventory, "containers" | "volumes"> {
  const connected = containers.map((container, index): Container => ({
    ...container,
    mounts: [
      ...uses
        .filter((use) => use.container === index)
        .flatMap(({ thing }) => volumes[thing] ?? [])
        .map(({ name, mountpoint: source }) => {
          return { type: "volume" as const, volume: name, source, destination: "/data", readOnly: false };
        }),
      ...folders
        .filter((folder) => folder.container === index)
        .map(({ source, readOnly }) => ({ type: "bind" as const, source, destination: source, readOnly })),
    ],
    networks: joins
      .filter((join) => join.container === index)
      .flatMap(({ thing }) => networks[thing] ?? [])
      .map(({ id, name }) => ({ id, name, address: "" })),
  }));
  const usersOf = (name: string) =>
    connected.filter(({ mounts }) => mounts.some(({ volume }) => volume === name)).map(({ id }) => id);
  return {
    containers: connected,
    volumes: volumes.map((volume) => ({ ...volume, users: usersOf(volume.name) })),
  };
}

function remembered(times: readonly (number | undefined)[], keyOf: (index: number) => string) {
  return new Map(times.flatMap((at, index) => (at === undefined ? [] : [[keyOf(index), at] as const])));
}
