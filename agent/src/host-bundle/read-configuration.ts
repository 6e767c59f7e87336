/**
 * Reads what this host is made of: every container, network and volume as it was ordered, and the images behind them. What
 * cannot be read is a gap and no reason to go without the rest.
 */
import { errorChain, mapBounded, type Instant } from "@shipkeeper/kit";
import type { EngineReader, EngineRebuild } from "@shipkeeper/docker";
import type { Container, ContainerBlueprint, HostId, Labels } from "@shipkeeper/model";
import {
  dependenciesAmong,
  isOwnNetwork,
  type Guardrails,
  type HostConfiguration,
  type KnownRestorePoint,
  type RecordedContainer,
} from "@shipkeeper/policy";

export interface ConfigurationSources {
  readonly engine: EngineReader & EngineRebuild;
  readonly hostId: HostId;
  readonly labels: Labels;
  readonly restorePoints: readonly KnownRestorePoint[];
  readonly policy: HostConfiguration["policy"];
  readonly hooks: Guardrails["hooks"];
  readonly now: Instant;
  readonly signal?: AbortSignal | undefined;
}

/** Inspections at the same time: an engine answers them one after the other anyway. */
const AT_ONCE = 4;

/** With all values of all environments. Throws where the engine does not list what it has. */
export async function readConfiguration(sources: ConfigurationSources): Promise<HostConfiguration> {
  const { engine, hostId, labels, restorePoints, policy, hooks, now } = sources;
  const options = sources.signal === undefined ? {} : { signal: sources.signal };
  const gaps: string[] = [];
  const orGap = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      sources.signal?.throwIfAborted();
      gaps.push(`${what}: ${errorChain(error)}`);
      return undefined;
    }
  };

  const facts = await engine.facts(options);
  const ids = await engine.containerIds(options);
  const seen = await mapBounded(ids, AT_ONCE, (id) =>
    orGap(`container ${id}`, async () => {
      const container = await engine.container(id, options);
      const blueprint = await engine.containerBlueprint(id, { ...options, values: true });
      return container && blueprint && { container, blueprint };
    }),
  );
  const present = seen.filter((one) => one !== undefined);
  const networks = (await engine.networks(options)).filter(
    ({ name, scope }) => !isOwnNetwork(name) && scope === "local",
  );
  const blueprints = await mapBounded(networks, AT_ONCE, ({ id, name }) =>
    orGap(`network ${name}`, () => engine.networkBlueprint(id, options)),
  );
  const mountpoints = new Map((await engine.volumes(options)).map((one) => [one.name, one.mountpoint]));
  const volumes = await engine.volumeBlueprints(options);
  const used = new Set(present.map(({ container }) => container.imageId));

  return {
    format: 1,
    writtenAt: now,
    host: { id: hostId, name: facts.host.hostname, labels },
    engine: {
      version: facts.engine.version,
      rootDir: facts.engine.rootDir,
      storageDriver: facts.engine.storageDriver,
    },
    containers: recordContainers(present),
    images: (await engine.imageNames(options))
      .filter(({ id }) => used.has(id))
      .map((one) => ({
        id: one.id,
        tags: [...one.tags],
        digests: [...one.digests],
      })),
    networks: blueprints.filter((one) => one !== undefined).toSorted(byName),
    volumes: volumes
      .map((volume) => ({ ...volume, mountpoint: mountpoints.get(volume.name) ?? "" }))
      .toSorted(byName),
    hooks: { ...hooks },
    restorePoints: restorePoints.map(({ dataset, repository, id, at, dump }) => ({
      dataset,
      repository,
      restorePoint: id,
      at,
      ...(dump !== undefined && { dump }),
    })),
    ...(policy !== undefined && { policy }),
    takenOut: [],
    gaps,
  };
}

interface Seen {
  readonly container: Container;
  readonly blueprint: ContainerBlueprint;
}

function recordContainers(seen: readonly Seen[]): RecordedContainer[] {
  const containers = seen.map(({ container }) => container);
  const dependencies = dependenciesAmong(containers);
  const nameOf = new Map<string, string>(containers.map(({ id, name }) => [id, name]));
  return seen
    .map(({ container, blueprint }) => ({
      blueprint: { ...blueprint, create: withNames(blueprint.create, nameOf) },
      running: container.state === "running" || container.state === "restarting",
      tellsHealth: container.health.status !== "none" || container.healthCheck !== undefined,
      needs: dependencies(container).flatMap(([first]) => (first === undefined ? [] : [first.name])),
    }))
    .toSorted((a, b) => byName(a.blueprint, b.blueprint));
}

/** Other containers are called by ids, which mean nothing on another host: by their names instead. */
function withNames(
  create: ContainerBlueprint["create"],
  nameOf: ReadonlyMap<string, string>,
): ContainerBlueprint["create"] {
  const host = create["HostConfig"];
  if (typeof host !== "object" || host === null) return create;
  const renamed = Object.entries(host).map(([key, value]): [string, unknown] => {
    if (key === "VolumesFrom" && Array.isArray(value))
      return [key, value.map((one) => ofContainer(String(one)))];
    return [key, typeof value === "string" && key.endsWith("Mode") ? ofMode(value) : value];
  });
  return { ...create, HostConfig: Object.fromEntries(renamed) };

  function ofMode(mode: string): string {
    const id = /^container:(.+)$/.exec(mode)?.[1];
    return id === undefined ? mode : `container:${nameOf.get(id) ?? id}`;
  }
  function ofContainer(text: string): string {
    const [id = "", ...mode] = text.split(":");
    return [nameOf.get(id) ?? id, ...mode].join(":");
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
