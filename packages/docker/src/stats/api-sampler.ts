/**
 * Reads what containers use through the engine, for where the kernel's own files cannot be seen: in a container, or
 * with the engine on another machine. Costs a hundred times as much, nearly all of it in the daemons.
 */
import { type Clock, mapBounded, SECOND_MS } from "@shipkeeper/kit";
import { type Container, CONTAINER_METRICS, type ContainerId, NOT_READ } from "@shipkeeper/model";
import type { ContainerStats, EngineReader } from "../engine.ts";
import { DockerUnavailable } from "../engine-errors.ts";
import { speaks } from "../negotiate.ts";
import type { ContainerReading, Sweep } from "./container-sampler.ts";

/** What of a container the engine's statistics have to be seen with. */
export type ApiAttachment = Pick<Container, "id" | "name" | "limits" | "privileges">;

export interface ApiSampler {
  /** These are read from now on, and no others. */
  follow(containers: readonly ApiAttachment[]): void;
  /** How many containers are followed. */
  size(): number;
  /**
   * Leaves out the containers that the engine could not read, and lets go of those that ended. `at` is when the last
   * answer was there. Throws where `signal` aborts, and where the engine is away.
   */
  sweep(how: { apiVersion: string; signal: AbortSignal }): Promise<Sweep>;
}

/** At this pace two hundred containers take 4 % of a processor in the daemons. */
export const LEAST_API_INTERVAL_MS = 15 * SECOND_MS;

/** From Docker 25 on the engine reads when it is asked. */
const READS_AT_ONCE = "1.44";
const MOST_READS_AT_ONCE = 5;
/** Before, an answer waits for the next tick of a clock in the engine: requests in turn would wait a second each. */
const MOST_WAITING_FOR_A_TICK = 500;

export function createApiSampler(engine: Pick<EngineReader, "stats">, clock: Clock): ApiSampler {
  let followed: readonly ApiAttachment[] = [];

  return {
    follow: (containers) => void (followed = containers),
    size: () => followed.length,

    async sweep({ apiVersion, signal }) {
      const readings: ContainerReading[] = [];
      const gone: ContainerId[] = [];
      const most = speaks(apiVersion, READS_AT_ONCE) ? MOST_READS_AT_ONCE : MOST_WAITING_FOR_A_TICK;

      await mapBounded(followed, most, async (container) => {
        try {
          const stats = await engine.stats(container.id, { signal });
          if (stats === undefined) gone.push(container.id);
          else readings.push(readingOf(container, stats));
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof DockerUnavailable) throw error;
        }
      });
      followed = followed.filter(({ id }) => !gone.includes(id));
      return { at: clock(), readings, gone };
    },
  };
}

/**
 * Two figures of the engine are not the container's: without a limit it names the machine's memory, and of a container
 * in another one's network it repeats the other's traffic.
 */
function readingOf({ id, name, limits, privileges }: ApiAttachment, stats: ContainerStats): ContainerReading {
  const isGuest = privileges.networkMode.startsWith("container:");
  const own: ContainerStats = {
    ...stats,
    ...(limits.memoryBytes === undefined && { memoryLimitBytes: NOT_READ }),
    ...(isGuest && { networkReceivedBytes: NOT_READ, networkSentBytes: NOT_READ }),
  };
  return { id, name, values: Float64Array.from(CONTAINER_METRICS, (metric) => own[metric]) };
}
