// Describes the demo's fleet: what a few years of deployments leave on hosts that nobody tidies. Values only, nothing is started.

import { type Instant, days } from "@shipkeeper/kit";
import type { Behaviour } from "../forge/behaviour.ts";
import type { ForgedImage } from "../forge/forge-image.ts";
import type { ContainerSpec } from "../forge/run-container.ts";
import type { Random } from "../random.ts";
import { type Service, SERVICES, demoHosts } from "./catalog.ts";
import { type Builds, buildImages } from "./demo-images.ts";
import { dataVolume, forgottenVolume } from "./demo-volumes.ts";
import type { StaleContainer, World, WorldHost, WorldVolume } from "./world.ts";

export interface DemoOptions {
  /** How many hosts. */
  hosts?: number;
  /** How many containers should be running; exited ones come on top. */
  containers?: number;
  /** When the images' ages are counted from. */
  now?: Instant;
}

interface Placed {
  service: Service;
  behaves: Behaviour;
  /** Counts the service's containers over the whole fleet, from 1. */
  number: number;
  /** The container without which it cannot work. */
  needs?: string;
}

const WELL = new Set<Behaviour["kind"]>(["running", "healthy"]);
/** Every check starts a process by way of the engine, a tenth of a second of processor time: what is well is asked seldom. */
const WELL_CHECKED_EVERY_MS = 15_000;
const SICK_CHECKED_EVERY_MS = 2_000;

/** Where one container tells another of the same host that it is well. */
const SHARED = { target: "/run/shared", well: "/run/shared/wells/first" };
const SHARED_VOLUME: WorldVolume = {
  name: "run",
  labels: {},
  files: [{ path: "wells", folder: true, mode: 0o1777 }], // whoever an image runs as may write there
};

const MEBIBYTE = 2 ** 20;
/** Of the containers run the newest version, the others the one before. */
const UP_TO_DATE_SHARE = 0.7;

/**
 * A company's fleet: services of five owners and of none, images from 1 to 900 days old on three bases, volumes with data,
 * two containers that a restart mends, one of them with another that needs it, one that nothing mends, and on every
 * host stale containers and dangling images.
 */
export function demoWorld(
  random: Random,
  { hosts = 10, containers = 50, now = Date.now() }: DemoOptions = {},
): World {
  const builds = buildImages(random.fork("images"), now);
  const placed = placeServices(containers, hosts);

  return {
    hosts: demoHosts(hosts).map((host, index) => {
      const here = placed.filter((_, position) => position % hosts === index);
      return { ...host, ...describeContent(here, { index, builds, random: random.fork(host.name), now }) };
    }),
  };
}

interface Surroundings {
  /** Of the host. */
  index: number;
  builds: Builds;
  random: Random;
  now: Instant;
}

function describeContent(here: readonly Placed[], { index, builds, random, now }: Surroundings) {
  // A host that runs nothing still holds what it ran once.
  const services =
    here.length > 0 ? [...new Set(here.map(({ service }) => service))] : [SERVICES[index % SERVICES.length]!];
  const ranFirst = new Set(here.filter(({ number }) => number === 1).map(({ service }) => service));
  const images = services.flatMap((service) => {
    const kept = builds.versions(service).slice(0, ranFirst.has(service) ? 3 : 2);
    return [builds.bases[service.base], ...kept];
  });
  const volumes = here
    .filter(({ service }) => service.stateful)
    .map((one) => dataVolume(volumeName(one), one.service, random));

  const isShared = here.some(({ behaves }) => sharesItsWell(behaves));

  return {
    images: [...new Set(images)],
    supersededImages: services.slice(0, random.between(1, 2)).map((service) => builds.superseded(service)),
    volumes: [
      ...volumes,
      ...(index % 3 === 0 ? [forgottenVolume(random)] : []),
      ...(isShared ? [SHARED_VOLUME] : []),
    ],
    containers: here.map((one) => runningContainer(one, builds, random)),
    staleContainers: services
      .slice(0, random.between(1, 2))
      .map((service) => staleContainer(service, builds, random, now)),
  } satisfies Partial<WorldHost>;
}

/** Every service in turn, so that even a small fleet has many; three of the containers are sick, and one needs one of them. */
function placeServices(count: number, hosts: number): Placed[] {
  const needed = Math.floor(count * 0.15);
  const sick = new Map<number, Behaviour>([
    // The next one on the same host, where there is one.
    [needed + hosts, { kind: "needs", file: SHARED.well }],
    [needed, { kind: "mends-on-restart", well: SHARED.well }],
    [Math.floor(count * 0.45), { kind: "mends-on-restart" }],
    [Math.floor(count * 0.75), { kind: "never-healthy" }],
  ]);
  const placed = Array.from({ length: count }, (_, index): Placed => {
    const service = SERVICES[index % SERVICES.length]!;
    const well: Behaviour = { kind: service.checked === true ? "healthy" : "running" };
    return { service, behaves: sick.get(index) ?? well, number: Math.floor(index / SERVICES.length) + 1 };
  });
  const root = placed[needed];
  return placed.map((one) =>
    one.behaves.kind === "needs" && root !== undefined ? { ...one, needs: containerName(root) } : one,
  );
}

function sharesItsWell(behaves: Behaviour): boolean {
  return behaves.kind === "needs" || (behaves.kind === "mends-on-restart" && behaves.well !== undefined);
}

function runningContainer(placed: Placed, builds: Builds, random: Random): ContainerSpec {
  const { service, behaves, number, needs } = placed;
  const [newest, previous] = builds.versions(service);
  const image = random.chance(UP_TO_DATE_SHARE) ? newest : previous;
  const limits = {
    memoryBytes: random.pick([32, 64, 128]) * MEBIBYTE,
    cpus: random.pick([0.25, 0.5, 1]),
    pids: 64,
  };
  const mounts = [
    ...(service.stateful === true ? [{ volume: volumeName(placed), target: "/data" }] : []),
    ...(sharesItsWell(behaves) ? [{ volume: SHARED_VOLUME.name, target: SHARED.target }] : []),
  ];

  return {
    name: containerName(placed),
    image: tagOf(image),
    behaves,
    healthIntervalMs: WELL.has(behaves.kind) ? WELL_CHECKED_EVERY_MS : SICK_CHECKED_EVERY_MS,
    compose: { project: service.project, service: service.name, number },
    env: { SERVICE: service.name },
    ...(needs === undefined ? {} : { labels: { "shipkeeper.depends-on": needs } }),
    restart: "unless-stopped",
    ...(service.limited === true ? { limits } : {}),
    ...(mounts.length > 0 ? { mounts } : {}),
  };
}

function staleContainer(service: Service, builds: Builds, random: Random, now: Instant): StaleContainer {
  const finishedAt = now - days(random.between(4, 120));
  const [newest, previous] = builds.versions(service);
  return {
    spec: {
      name: `${service.name}-migrate-${random.between(100, 999)}`,
      image: tagOf(random.pick([newest, previous])),
      behaves: { kind: "exited", code: random.pick([0, 0, 1, 137]) },
      compose: { project: service.project, service: service.name, oneOff: true },
    },
    createdAt: new Date(finishedAt - random.between(5, 3600) * 1000),
    finishedAt: new Date(finishedAt),
  };
}

function containerName({ service, number }: Placed): string {
  return `${service.project}-${service.name}-${number}`;
}

function volumeName({ service, number }: Placed): string {
  return `${service.project}_${service.name}-${number}-data`;
}

function tagOf(image: ForgedImage): string {
  return image.tags[0] ?? image.id;
}
