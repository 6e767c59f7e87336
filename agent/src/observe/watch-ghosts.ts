/**
 * Finds containers that the engine says run while their process is gone, by the kernel's own files. Says nothing where
 * these are not the files of the engine's host.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SECOND_MS, errorChain, type Clock, type Instant } from "@shipkeeper/kit";
import type { EngineReader } from "@shipkeeper/docker";
import type { Container, ContainerId } from "@shipkeeper/model";
import type { Logger } from "@shipkeeper/runtime";

export interface WatchGhostsOptions {
  readonly engine: Pick<EngineReader, "container">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the host's `/proc` is seen. */
  readonly root?: string;
}

export interface GhostWatch {
  /** Looks at the process of each running container. The engine is asked only about those whose process is gone. */
  look(containers: readonly Container[], signal: AbortSignal): Promise<void>;
  /** Container id → since when its process is gone. */
  ghosts(): ReadonlyMap<string, Instant>;
}

/** A container that ends in the common way is a ghost for a moment, until the engine has noticed. */
const LEAST_GONE_MS = 5 * SECOND_MS;

type Process = "there" | "gone" | "another's";

/** One life of a container whose process was not there, and when that was first seen. */
interface Suspect {
  readonly pid: number;
  readonly since: Instant;
  isConfirmed: boolean;
}

export function watchGhosts({ engine, clock, log, root = "/" }: WatchGhostsOptions): GhostWatch {
  const suspects = new Map<ContainerId, Suspect>();
  /** Whether a process of this engine was ever seen here. */
  let seesProcesses = false;

  function suspectOf({ id, pid = 0 }: Container): Suspect {
    const known = suspects.get(id);
    if (known?.pid === pid) return known;
    const suspect = { pid, since: clock(), isConfirmed: false };
    suspects.set(id, suspect);
    return suspect;
  }

  /** What is known of it may be old: the engine must say now that the very process runs. */
  async function confirm(id: ContainerId, suspect: Suspect, signal: AbortSignal): Promise<void> {
    try {
      const now = await engine.container(id, { signal });
      suspect.isConfirmed = now?.state === "running" && now.pid === suspect.pid;
      if (!suspect.isConfirmed) suspects.delete(id);
    } catch (error) {
      if (!signal.aborted)
        log.debug({ error: errorChain(error), id }, "cannot ask about a container whose process is gone");
    }
  }

  return {
    async look(containers, signal) {
      const running = containers.filter(({ state, pid }) => state === "running" && pid !== undefined);
      const gone = running.filter((container) => processOf(container, root) !== "there");
      seesProcesses ||= gone.length < running.length;
      if (!seesProcesses) return;
      const goneIds = new Set(gone.map(({ id }) => id));
      for (const id of suspects.keys()) if (!goneIds.has(id)) suspects.delete(id);
      for (const container of gone) {
        const suspect = suspectOf(container);
        const isLasting = clock() - suspect.since >= LEAST_GONE_MS;
        if (isLasting && !suspect.isConfirmed) await confirm(container.id, suspect, signal);
      }
    },
    ghosts: () =>
      new Map([...suspects].flatMap(([id, { since, isConfirmed }]) => (isConfirmed ? [[id, since]] : []))),
  };
}

/** A number that belongs to a process outside the container was given away again: the container's own is gone. */
function processOf({ id, pid = 0 }: Container, root: string): Process {
  const file = (name: string) => readFileSync(join(root, "proc", String(pid), name), "utf8");
  try {
    const stat = file("stat");
    // `1234 (name, which may hold anything) S 1 …`
    const [state] = stat.slice(stat.lastIndexOf(")") + 2);
    if (state === "Z" || state === "X") return "gone";
    return file("cgroup").includes(id) ? "there" : "another's";
  } catch {
    return "gone";
  }
}
