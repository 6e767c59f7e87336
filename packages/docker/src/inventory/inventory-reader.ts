/**
 * Reads what a host holds. Owns that nothing is missing without a word: what could not be read is a gap, and only
 * in a section without gaps does "not listed" mean absent. Keeps no inventory: the caller holds one, and has read
 * again what changed.
 */
import { type Clock, errorChain, mapBounded, SECOND_MS } from "@shipkeeper/kit";
import type {
  Container,
  ContainerId,
  Disk,
  EngineFacts,
  Gap,
  HostFacts,
  Image,
  Inventory,
  InventorySection,
  Network,
  Volume,
} from "@shipkeeper/model";
import type { EngineReader } from "../engine.ts";
import type { Changes } from "./changes.ts";
import { imageCache } from "./image-cache.ts";
import { BUILD_CACHE_NOT_READ, type SizesReading } from "./merge-sizes.ts";
import { readDisk } from "./read-disk.ts";
import { readLogBytes } from "./read-log-bytes.ts";
import { readKernelFacts } from "./read-kernel-facts.ts";
import { withVolumeUsers } from "./volume-users.ts";

export interface InventoryReaderOptions {
  readonly clock: Clock;
  /** Paths whose file systems are measured besides the engine's root folder and `/`. */
  readonly disks?: readonly string[];
  readonly readDisk?: (path: string) => Promise<Disk>;
  readonly readKernelFacts?: () => Promise<Omit<HostFacts, "disks">>;
}

/** No method throws for what the engine does, `readContainer` excepted; all throw where `signal` aborts. */
export interface InventoryReader {
  /** Everything but sizes. `takenAt` is when the look began: events since then may or may not be in it. */
  readAll(signal: AbortSignal): Promise<Inventory>;
  /** The inventory with what changed read again. What cannot be read turns into a gap: its old content is dropped. */
  refresh(inventory: Inventory, changes: Changes, signal: AbortSignal): Promise<Inventory>;
  /** For `mergeSizes`. Expensive: the engine walks its disks. */
  readSizes(signal: AbortSignal): Promise<SizesReading>;
  /** Undefined where the engine says that it is gone. Throws what the engine throws. */
  readContainer(id: ContainerId, signal: AbortSignal): Promise<Container | undefined>;
}

/** More at once make the engine no faster, and leave others less of it. An image takes two calls. */
const MOST_CONTAINER_INSPECTS = 16;
const MOST_IMAGE_INSPECTS = 8;

/** One hanging inspect costs its own deadline; an engine in which every one hangs must not cost their sum. */
const WHOLE_DEADLINE_MS = 60 * SECOND_MS;

/** One section's content, and what of it could not be read. */
interface Part<T> {
  readonly content: T;
  readonly gaps: readonly Gap[];
}

interface Parts {
  readonly host: Part<{ engine?: EngineFacts; host: HostFacts }>;
  readonly containers: Part<readonly Container[]>;
  readonly images: Part<readonly Image[]>;
  readonly volumes: Part<readonly Volume[]>;
  readonly networks: Part<readonly Network[]>;
}

export function createInventoryReader(
  engine: EngineReader,
  options: InventoryReaderOptions,
): InventoryReader {
  const images = imageCache(engine);
  const measureDisk = options.readDisk ?? readDisk;
  const kernelFacts = options.readKernelFacts ?? readKernelFacts;

  async function readContainers(look: Look): Promise<Part<Container[]>> {
    const ids = await look.at({ section: "containers" }, [], (signal) => engine.containerIds({ signal }));
    const found = await inspectContainers(ids.content, look);
    return { content: found.content, gaps: [...ids.gaps, ...found.gaps] };
  }

  async function inspectContainers(ids: readonly ContainerId[], look: Look): Promise<Part<Container[]>> {
    const parts = await mapBounded(ids, MOST_CONTAINER_INSPECTS, (id) =>
      look.at({ section: "containers", subject: id }, undefined, async (signal) => {
        const readAt = options.clock();
        const container = await engine.container(id, { signal });
        return container && { ...container, health: { ...container.health, readAt } };
      }),
    );
    return join(parts);
  }

  async function readImages(look: Look): Promise<Part<Image[]>> {
    const names = await look.at({ section: "images" }, [], (signal) => images.names({ signal }));
    const parts = await mapBounded(names.content, MOST_IMAGE_INSPECTS, (name) =>
      look.at({ section: "images", subject: name.id }, undefined, (signal) => images.read(name, { signal })),
    );
    const found = join(parts);
    return { content: found.content, gaps: [...names.gaps, ...found.gaps] };
  }

  async function readHost(look: Look): Promise<Parts["host"]> {
    const [facts, kernel] = await Promise.all([
      look.at({ section: "engine" }, undefined, (signal) => engine.facts({ signal })),
      look.at({ section: "host" }, UNKNOWN_HOST, kernelFacts),
    ]);
    const disks = await readDisks(facts.content?.engine.rootDir, look);
    return {
      content: {
        ...(facts.content !== undefined && { engine: facts.content.engine }),
        // The engine sees its host even where the agent is boxed in; when it was booted only the kernel tells.
        host: { ...kernel.content, ...facts.content?.host, disks: disks.content },
      },
      gaps: [...facts.gaps, ...kernel.gaps, ...disks.gaps],
    };
  }

  async function readDisks(rootDir: string | undefined, look: Look): Promise<Part<Disk[]>> {
    const paths = new Set([rootDir ?? "/", "/", ...(options.disks ?? [])]);
    const parts = [...paths].map((path) =>
      look.at({ section: "host", subject: path }, undefined, () => measureDisk(path)),
    );
    return join(await Promise.all(parts));
  }

  const readVolumes = (look: Look): Promise<Parts["volumes"]> =>
    look.at({ section: "volumes" }, [], (signal) => engine.volumes({ signal }));

  const readNetworks = (look: Look): Promise<Parts["networks"]> =>
    look.at({ section: "networks" }, [], (signal) => engine.networks({ signal }));

  /** The containers of an inventory with some of them read again, or gone, or new. */
  async function rereadContainers(
    inventory: Inventory,
    ids: ReadonlySet<ContainerId>,
    look: Look,
  ): Promise<Parts["containers"]> {
    const before = partOf(inventory, "containers", inventory.containers);
    const found = await inspectContainers([...ids], look);
    const isOther = (id: string | undefined) => id === undefined || !ids.has(id as ContainerId);
    return {
      content: [...before.content.filter(({ id }) => isOther(id)), ...found.content],
      gaps: [...before.gaps.filter(({ subject }) => isOther(subject)), ...found.gaps],
    };
  }

  return {
    async readAll(signal) {
      const takenAt = options.clock();
      const look = lookAround(signal);
      const [host, containers, images, volumes, networks] = await Promise.all([
        readHost(look),
        readContainers(look),
        readImages(look),
        readVolumes(look),
        readNetworks(look),
      ]);
      const parts = { host, containers, images, volumes, networks };
      return assemble(parts, { takenAt, buildCache: [], gaps: [BUILD_CACHE_NOT_READ] });
    },

    async refresh(inventory, changes, signal) {
      const takenAt = options.clock();
      const look = lookAround(signal);
      const { sections } = changes;
      const [host, containers, images, volumes, networks] = await Promise.all([
        sections.has("engine") ? readHost(look) : hostPartOf(inventory),
        rereadContainers(inventory, changes.containers, look),
        sections.has("images") ? readImages(look) : partOf(inventory, "images", inventory.images),
        sections.has("volumes") ? readVolumes(look) : partOf(inventory, "volumes", inventory.volumes),
        sections.has("networks") ? readNetworks(look) : partOf(inventory, "networks", inventory.networks),
      ]);
      const parts = { host, containers, images, volumes, networks };
      const gaps = inventory.gaps.filter(({ section }) => section === "sizes" || section === "buildCache");
      return assemble(parts, { takenAt, buildCache: inventory.buildCache, gaps });
    },

    async readSizes(signal) {
      try {
        const sizes = await engine.sizes({ signal });
        const { engine: facts } = await engine.facts({ signal });
        return { sizes, logBytes: await readLogBytes(facts.rootDir, sizes.writableBytes.keys()) };
      } catch (error) {
        signal.throwIfAborted();
        return { error: errorChain(error) };
      }
    },

    readContainer: (id, signal) => engine.container(id, { signal }),
  };
}

/** What stands in a host's facts where not even its kernel could be asked; the gap says so. */
const UNKNOWN_HOST: Omit<HostFacts, "disks"> = {
  hostname: "",
  kernel: "",
  operatingSystem: "",
  architecture: "",
  cpus: 0,
  memoryBytes: 0,
};

/** One pass over a host, within one deadline. */
interface Look {
  /** What `read` finds, or `otherwise` and a gap where it fails. Throws only where the pass itself is aborted. */
  at<T>(where: Omit<Gap, "error">, otherwise: T, read: (signal: AbortSignal) => Promise<T>): Promise<Part<T>>;
}

function lookAround(signal: AbortSignal): Look {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(WHOLE_DEADLINE_MS)]);
  return {
    async at(where, otherwise, read) {
      try {
        return { content: await read(bounded), gaps: [] };
      } catch (error) {
        signal.throwIfAborted();
        return { content: otherwise, gaps: [{ ...where, error: errorChain(error) }] };
      }
    },
  };
}

function join<T>(parts: readonly Part<T | undefined>[]): Part<T[]> {
  return {
    content: parts.flatMap(({ content }) => (content === undefined ? [] : [content])),
    gaps: parts.flatMap(({ gaps }) => gaps),
  };
}

function partOf<T>(inventory: Inventory, section: InventorySection, content: T): Part<T> {
  return { content, gaps: inventory.gaps.filter((gap) => gap.section === section) };
}

function hostPartOf(inventory: Inventory): Parts["host"] {
  const { engine, host, gaps } = inventory;
  return {
    content: { host, ...(engine !== undefined && { engine }) },
    gaps: gaps.filter(({ section }) => section === "engine" || section === "host"),
  };
}

function assemble(parts: Parts, rest: Pick<Inventory, "takenAt" | "buildCache" | "gaps">): Inventory {
  const { host, containers, images, volumes, networks } = parts;
  return {
    ...host.content,
    ...rest,
    containers: [...containers.content],
    images: [...images.content],
    volumes: withVolumeUsers(volumes.content, containers.content),
    networks: [...networks.content],
    gaps: [...rest.gaps, ...Object.values(parts).flatMap(({ gaps }) => gaps)],
  };
}
