/** One step of a recovery on the engine. Decides nothing; what is begun twice is its own work, cut off. */
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { MINUTE_MS, assert, unreachable } from "@shipkeeper/kit";
import type { Engine } from "@shipkeeper/docker";
import {
  takeBackOf,
  verifyMs,
  type HostConfiguration,
  type RecoveryPoint,
  type RecoveryStep,
} from "@shipkeeper/policy";
import type { Container, ContainerId } from "@shipkeeper/model";
import type { Restic } from "@shipkeeper/restic";
import { feedDump } from "../dump/feed-dump.ts";
import { restoreInto, restoreToPath } from "../restore/restore.ts";
import { takeNamesOut } from "./nameless-image.ts";

export interface RecoveryContext {
  readonly engine: Engine;
  readonly restic: Restic;
  readonly configuration: HostConfiguration;
  readonly points: readonly RecoveryPoint[];
  /** A folder for what is read and goes away again, on the engine's disk. */
  readonly scratch: string;
  readonly uncontained: boolean | undefined;
  /**
   * Of a recovery that is only tried: images come without their names, so that none of this host's moves, and a volume is
   * made whole in the folder of this name (`removeStaging`).
   */
  readonly tried?: { readonly stagingName: string };
  readonly clock: () => number;
  readonly pause: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a step came to that is not as it was on the lost host; undefined where all is. */
export async function takeRecoveryStep(
  step: RecoveryStep,
  context: RecoveryContext,
): Promise<string | undefined> {
  switch (step.kind) {
    case "network":
      return makeNetwork(step, context);
    case "image":
      return bringImage(step, context);
    case "volume":
      return bringVolume(step, context);
    case "folder":
      return bringFolder(step, context);
    case "container":
      return makeContainer(step, context);
    case "start":
      return start(step, context);
    case "feed":
      return feed(step, context);
    default:
      return unreachable(step.kind);
  }
}

async function makeNetwork({ name }: RecoveryStep, { engine, configuration, signal }: RecoveryContext) {
  const blueprint = configuration.networks.find((one) => one.name === name);
  assert(blueprint !== undefined, `network ${name} is of the configuration`);
  await engine.createNetwork(blueprint, { signal });
  return undefined;
}

/** By what the plan says, and where it cannot be had so, by its name. */
async function bringImage({ name, dataset, reason }: RecoveryStep, context: RecoveryContext) {
  const { engine, configuration, signal } = context;
  if (dataset !== undefined) await loadImage(dataset, context);
  else if (reason.why === "by-digest") {
    const wanted = configuration.containers.find(({ blueprint }) => blueprint.image === name)?.blueprint
      .imageId;
    const digest = configuration.images.find(({ id }) => id === wanted)?.digests[0];
    assert(digest !== undefined, `image ${name} has a digest`);
    await engine.pullImage(digest, { signal });
    const pulled = (await engine.imageNames({ signal })).find(({ digests }) => digests.includes(digest));
    if (pulled !== undefined && isTag(name)) await engine.tagImage(pulled.id, name, { signal });
  } else await engine.pullImage(name, { signal });
  return undefined;
}

/** `repository:tag`, which an id and a digest are not. */
const isTag = (reference: string) => !reference.includes("@") && !reference.startsWith("sha256:");

async function loadImage(dataset: string, context: RecoveryContext): Promise<void> {
  const folder = await mkdtemp(join(context.scratch, "image-"));
  try {
    const to = join(folder, "image.tar");
    await restoreToPath({ ...whatOf(dataset, context), to });
    if (context.tried !== undefined) await takeNamesOut(to);
    await context.engine.loadImage(createReadStream(to), { signal: context.signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bringVolume({ name, dataset }: RecoveryStep, context: RecoveryContext) {
  const { engine, configuration, signal } = context;
  const blueprint = configuration.volumes.find((one) => one.name === name);
  assert(blueprint !== undefined, `volume ${name} is of the configuration`);
  const { driver, options: driverOptions, labels } = blueprint;
  const made = { driver, driverOptions };
  // Left by an attempt that ended: nothing refers to it yet, or the engine refuses.
  await engine.removeVolume(blueprint.name, { signal });
  if (dataset === undefined) {
    await engine.createVolume(blueprint.name, labels, { ...made, signal });
    return undefined;
  }
  await restoreInto({
    ...whatOf(dataset, context),
    ...context.tried,
    volume: name,
    engine: {
      facts: (given) => engine.facts(given),
      volumes: (given) => engine.volumes(given),
      createVolume: (volume, own, given) =>
        engine.createVolume(volume, { ...labels, ...own }, { ...given, ...made }),
    },
  });
  return undefined;
}

async function bringFolder({ name, dataset = "" }: RecoveryStep, context: RecoveryContext) {
  await restoreToPath({ ...whatOf(dataset, context), to: name });
  return undefined;
}

function whatOf(dataset: string, { points, restic, onProgress, uncontained, signal }: RecoveryContext) {
  const point = points.find((one) => one.dataset === dataset);
  assert(point !== undefined, `${dataset} has a restore point`);
  return { restorePoint: point.restorePoint, restic, onProgress, uncontained, signal };
}

async function makeContainer({ name }: RecoveryStep, { engine, configuration, signal }: RecoveryContext) {
  const blueprint = configuration.containers.find((one) => one.blueprint.name === name)?.blueprint;
  assert(blueprint !== undefined, `container ${name} is of the configuration`);
  await engine.createContainer(blueprint, { signal });
  return undefined;
}

const LOOK_EVERY_MS = 500;
/** A health check may have so many retries that nobody waits for them. */
const LONGEST_WAIT_MS = 5 * MINUTE_MS;
/** What cannot begin ends within a moment. */
const SETTLED_MS = 2_000;

/** Starts it, and waits until it is as well as it can tell: the next one may need it. */
async function start({ name }: RecoveryStep, { engine, clock, pause, signal }: RecoveryContext) {
  const id = await containerNamed(name, engine, signal);
  if (id === undefined) return "it was not made";
  await engine.startContainer(id, { signal });
  const begunAt = clock();
  for (;;) {
    signal.throwIfAborted();
    const container = await engine.container(id, { signal });
    if (container === undefined) return "it is gone";
    const hasEnded = container.state === "exited" || container.state === "dead";
    if (hasEnded && container.restartPolicy.name === "no") {
      return container.exitCode === 0 ? undefined : `it ended with exit code ${container.exitCode}`;
    }
    if (isWell(container, clock())) return undefined;
    if (clock() - begunAt >= Math.min(verifyMs(container), LONGEST_WAIT_MS))
      return `it is not well: ${container.state}, ${container.health.status}`;
    await pause(LOOK_EVERY_MS, { signal });
  }
}

/** By its health check; without one it has to run for a moment. */
function isWell({ state, health, startedAt = 0 }: Container, now: number): boolean {
  if (state !== "running") return false;
  return health.status === "none" ? now - startedAt >= SETTLED_MS : health.status === "healthy";
}

/** Again and again for as long as a database may take to begin. */
async function feed({ dataset = "", into = "" }: RecoveryStep, context: RecoveryContext) {
  const { engine, configuration, points, scratch, signal } = context;
  const point = points.find((one) => one.dataset === dataset);
  const takeBack = point && takeBackOf(point, configuration);
  assert(takeBack !== undefined, `something takes ${dataset} back`);
  const container = await containerNamed(into, engine, signal);
  if (container === undefined) return `container ${into} is gone`;
  const { hook, program } = takeBack;
  const folder = await mkdtemp(join(scratch, "dump-"));
  try {
    const file = join(folder, "dump");
    await restoreToPath({ ...whatOf(dataset, context), to: file });
    await feedDump({ container, hook, program, file, withinMs: LONGEST_WAIT_MS }, context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return undefined;
}

async function containerNamed(
  name: string,
  engine: Engine,
  signal: AbortSignal,
): Promise<ContainerId | undefined> {
  for (const id of await engine.containerIds({ signal })) {
    if ((await engine.container(id, { signal }))?.name === name) return id;
  }
  return undefined;
}
