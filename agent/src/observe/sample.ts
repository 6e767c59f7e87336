/**
 * Reads what containers and the host use, sweep by sweep, and hands it on in groups: from the kernel's own files, and
 * through the engine, more slowly, only of those containers whose files cannot be seen from here.
 */
import { MINUTE_MS, type Clock } from "@shipkeeper/kit";
import {
  createApiSampler,
  createContainerSampler,
  createHostSampler,
  LEAST_API_INTERVAL_MS,
  type ContainerSampler,
  type EngineReader,
  type HostRow,
  type Rung,
  type Sweep,
} from "@shipkeeper/docker";
import type { Container, ContainerId, Inventory, SampleGroup } from "@shipkeeper/model";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import { groupSweeps } from "./group-sweeps.ts";

export interface SampleOptions {
  readonly observer: {
    current(): Inventory | undefined;
    subscribe(listener: (inventory: Inventory) => void): () => void;
  };
  readonly engine: Pick<EngineReader, "stats">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sampleIntervalMs: number;
  readonly onGroup: (group: SampleGroup) => void;
  /** Each sweep as it is taken; its readings are valid until this returns. */
  readonly onSweep?: (sweep: Sweep) => void;
  readonly sampler?: ContainerSampler;
  readonly readHost?: () => HostRow;
}

export interface Sampling extends Service {
  /** How readings are taken, and so at which cost: the costliest way in use. */
  rung(): Rung;
}

const GROUP_MS = MINUTE_MS;

export function startSampling(options: SampleOptions): Sampling {
  const { observer, engine, clock, log, sampleIntervalMs, onGroup } = options;
  const sampler = options.sampler ?? createContainerSampler();
  const apiSampler = createApiSampler(engine, clock);
  const apiIntervalMs = Math.max(sampleIntervalMs, LEAST_API_INTERVAL_MS);
  const groupsEvery = (intervalMs: number) =>
    groupSweeps({ sweepsPerGroup: Math.max(1, Math.floor(GROUP_MS / intervalMs)), onGroup, log });
  const groups = groupsEvery(sampleIntervalMs);
  // Another pace needs groups of its own: in one the slower readings would leave a hole in every other row.
  const apiGroups = groupsEvery(apiIntervalMs);
  /** Container id → the process that its readings are of. */
  const attached = new Map<ContainerId, number>();
  let readHost = options.readHost;
  let apiVersion: string | undefined;

  /** What runs is attached, what ended or was restarted is let go: kept descriptors would pin its namespaces. */
  function follow({ containers, engine }: Inventory): void {
    if (engine !== undefined) readHost ??= createHostSampler({ disk: engine.rootDir });
    apiVersion = engine?.apiVersion ?? apiVersion;
    const gone = new Set(attached.keys());
    const unseen: Container[] = [];
    for (const container of containers) {
      const { id, name, pid, state } = container;
      if (pid === undefined || (state !== "running" && state !== "paused")) continue;
      if (attached.get(id) === pid || sampler.attach({ id, name, pid })) {
        attached.set(id, pid);
        gone.delete(id);
      } else {
        unseen.push(container);
      }
    }
    for (const id of gone) {
      sampler.detach(id);
      attached.delete(id);
    }
    apiSampler.follow(unseen);
  }

  function sweep(): void {
    try {
      const swept = sampler.sweep(clock());
      for (const id of swept.gone) attached.delete(id);
      options.onSweep?.(swept);
      groups.add(swept, readHost?.());
    } catch (error) {
      log.warn({ error }, "a sweep failed; the next one follows");
    }
  }

  const known = observer.current();
  if (known !== undefined) follow(known);
  const unsubscribe = observer.subscribe(follow);
  const timer = setInterval(sweep, sampleIntervalMs);
  const asking = startLoop({
    name: "sample by the engine's API",
    log,
    firstMs: apiIntervalMs,
    retryMs: apiIntervalMs,
    async turn(signal) {
      if (apiVersion !== undefined && apiSampler.size() > 0) {
        const swept = await apiSampler.sweep({ apiVersion, signal });
        options.onSweep?.(swept);
        apiGroups.add(swept);
      }
      return apiIntervalMs;
    },
  });

  return {
    name: "sampling",
    rung: () => (apiSampler.size() > 0 ? "api" : sampler.rung()),
    async stop() {
      clearInterval(timer);
      unsubscribe();
      await asking.stop();
      groups.handOn();
      apiGroups.handOn();
      sampler.close();
    },
  };
}
