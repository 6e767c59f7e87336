/**
 * Reads what containers use from the kernel's own files, synchronously and with as few reads as possible: the
 * engine's stats API costs a hundred times as much, most of it in the daemons. Owns the descriptors; knows nothing
 * of engines, and is told which containers there are.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Instant } from "@shipkeeper/kit";
import type { ContainerId } from "@shipkeeper/model";
import type { ContainerRow } from "./cgroup-layout.ts";
import { parseCgroupMounts, resolveCgroup } from "./cgroup-paths.ts";
import { MOST_DESCRIPTORS, openContainer, type SampledContainer } from "./sampled-container.ts";

/** How readings are taken, cheapest first: opening again costs twice as much, the engine's API a hundred times. */
export type Rung = "kept-descriptors" | "open-read-close" | "api";

export interface Attachment {
  readonly id: ContainerId;
  readonly name: string;
  /** Of the container's first process, as this machine counts them. */
  readonly pid: number;
}

export interface ContainerReading {
  readonly id: ContainerId;
  readonly name: string;
  /** In the order of `CONTAINER_METRICS`; valid until the sampler is used again. */
  readonly values: Readonly<ContainerRow>;
}

export interface Sweep {
  readonly at: Instant;
  readonly readings: readonly ContainerReading[];
  /** Containers whose files are gone: they ended, and are detached by now. */
  readonly gone: readonly ContainerId[];
}

export interface ContainerSampler {
  /** False where the container's files cannot be seen from here. Attaching again, after a restart, replaces. */
  attach(container: Attachment): boolean;
  detach(id: ContainerId): void;
  sweep(now: Instant): Sweep;
  /** The costliest way in use. */
  rung(): Rung;
  close(): void;
}

export interface ContainerSamplerOptions {
  /** Where the host's `/proc` and `/sys` are seen: `/` on the host itself, `/host` in a container that mounts them there. */
  readonly root?: string;
  /** Descriptors that may be kept open. Default: half of what this process may open. */
  readonly mostDescriptors?: number;
  /** False reads everything in every sweep. */
  readonly idleGate?: boolean;
}

/**
 * A container whose processor time stands still has run no instruction, so memory and I/O cannot have moved by its own
 * doing; reclaim and received packets can move them, so every twelfth sweep reads all the same.
 */
const FULL_EVERY = 12;

export function createContainerSampler(options: ContainerSamplerOptions = {}): ContainerSampler {
  const { root = "/", idleGate = true, mostDescriptors = halfOfOpenFileLimit() } = options;
  const proc = (pid: string | number, ...rest: string[]) => join(root, "proc", String(pid), ...rest);
  const mounts = parseCgroupMounts(readFileSync(proc(root === "/" ? "self" : 1, "mountinfo"), "utf8"));
  const namespaceOf = (pid: string | number) => linkTarget(proc(pid, "ns/net"));
  const hostNamespaces = new Set([namespaceOf("self"), namespaceOf(1)]);

  const attached = new Map<ContainerId, SampledContainer>();
  /** Namespace → the one container whose readings carry its traffic, so that sharers do not count it again. */
  const countedBy = new Map<string, ContainerId>();
  let sweeps = 0;

  function attach({ id, name, pid }: Attachment): boolean {
    detach(id);
    const cgroup = resolveCgroup(mounts, { root, pid, id });
    if (cgroup === undefined) return false;
    const openDescriptors = attached.size * MOST_DESCRIPTORS;
    const keepOpen = openDescriptors + MOST_DESCRIPTORS <= mostDescriptors;
    const namespace = namespaceOf(pid);
    try {
      const netDevPath = proc(pid, "net/dev");
      const container = openContainer({ id, name, cgroup, netDevPath, namespace, keepOpen });
      attached.set(id, container);
      countNetworkOnce(container);
      return true;
    } catch {
      detach(id);
      return false;
    }
  }

  function countNetworkOnce(container: SampledContainer): void {
    const { id, namespace } = container;
    if (namespace === undefined || hostNamespaces.has(namespace) || countedBy.has(namespace)) return;
    try {
      container.countNetwork();
      countedBy.set(namespace, id);
    } catch {
      // It ended just now, which its next reading finds out.
    }
  }

  function detach(id: ContainerId): void {
    const container = attached.get(id);
    if (container === undefined) return;
    container.close();
    attached.delete(id);
    const { namespace } = container;
    if (namespace === undefined || countedBy.get(namespace) !== id) return;
    countedBy.delete(namespace);
    const heir = [...attached.values()].find((other) => other.namespace === namespace);
    if (heir !== undefined) countNetworkOnce(heir);
  }

  return {
    attach,
    detach,

    sweep(now) {
      const gone: ContainerId[] = [];
      const readings: ContainerReading[] = [];
      let turn = sweeps;
      for (const container of attached.values()) {
        turn += 1; // A container's full reading falls on another sweep than its neighbour's.
        const { id, name, row } = container;
        try {
          container.read({ everything: !idleGate || turn % FULL_EVERY === 0 });
          readings.push({ id, name, values: row });
        } catch {
          gone.push(id);
        }
      }
      for (const id of gone) detach(id);
      sweeps += 1;
      return { at: now, readings, gone };
    },

    rung() {
      const isReopening = [...attached.values()].some(({ isKeptOpen }) => !isKeptOpen);
      return isReopening ? "open-read-close" : "kept-descriptors";
    },

    close() {
      for (const container of attached.values()) container.close();
      attached.clear();
      countedBy.clear();
    },
  };
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The rest is for sockets, the database and everybody else's files. */
function halfOfOpenFileLimit(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return Math.floor(Number(soft ?? 1_024) / 2);
}
