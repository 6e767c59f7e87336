/** Reads what containers and the host use, sweep by sweep, and hands it on in groups. Never asks the engine. */
import { MINUTE_MS, type Clock } from "@shipkeeper/kit";
import {
  createContainerSampler,
  createHostSampler,
  createSampleCollector,
  type ContainerSampler,
  type HostRow,
} from "@shipkeeper/docker";
import type { ContainerId, Inventory, SampleGroup } from "@shipkeeper/model";
import type { Logger, Service } from "@shipkeeper/runtime";

export interface SampleOptions {
  readonly observer: {
    current(): Inventory | undefined;
    subscribe(listener: (inventory: Inventory) => void): () => void;
  };
  readonly clock: Clock;
  readonly log: Logger;
  readonly sampleIntervalMs: number;
  readonly onGroup: (group: SampleGroup) => void;
  readonly sampler?: ContainerSampler;
  readonly readHost?: () => HostRow;
}

export interface Sampling extends Service {
  /** How readings are taken, and so at which cost. */
  rung(): string;
}

const GROUP_MS = MINUTE_MS;
/** Of thousands of containers a group is handed on sooner, before its collector has to drop any of it. */
const MOST_ROWS = 10_000;

export function startSampling(options: SampleOptions): Sampling {
  const { observer, clock, log, sampleIntervalMs, onGroup } = options;
  const sampler = options.sampler ?? createContainerSampler();
  const collector = createSampleCollector();
  const sweepsPerGroup = Math.max(1, Math.floor(GROUP_MS / sampleIntervalMs));
  /** Container id → the process that its readings are of. */
  const attached = new Map<ContainerId, number>();
  let readHost = options.readHost;
  let sweeps = 0;
  let rows = 0;
  let lastAt = -Infinity;

  /** What runs is attached, what ended or was restarted is let go: kept descriptors would pin its namespaces. */
  function follow({ containers, engine }: Inventory): void {
    if (engine !== undefined) readHost ??= createHostSampler({ disk: engine.rootDir });
    const gone = new Set(attached.keys());
    for (const { id, name, pid, state } of containers) {
      if (pid === undefined || (state !== "running" && state !== "paused")) continue;
      gone.delete(id);
      if (attached.get(id) !== pid && sampler.attach({ id, name, pid })) attached.set(id, pid);
    }
    for (const id of gone) {
      sampler.detach(id);
      attached.delete(id);
    }
  }

  function sweep(): void {
    const now = clock();
    // A clock that stands still or goes back makes no reading: times of a group ascend.
    if (now <= lastAt) return;
    lastAt = now;
    try {
      const swept = sampler.sweep(now);
      for (const id of swept.gone) attached.delete(id);
      collector.add(swept, readHost?.());
      sweeps += 1;
      rows += swept.readings.length + 1;
      if (sweeps >= sweepsPerGroup || rows >= MOST_ROWS) handOn();
    } catch (error) {
      log.warn({ error }, "a sweep failed; the next one follows");
    }
  }

  function handOn(): void {
    const { group, droppedRows } = collector.take();
    if (droppedRows > 0) log.warn({ droppedRows }, "readings were dropped before they could be queued");
    if (group.times.length > 0) onGroup(group);
    [sweeps, rows] = [0, 0];
  }

  const known = observer.current();
  if (known !== undefined) follow(known);
  const unsubscribe = observer.subscribe(follow);
  const timer = setInterval(sweep, sampleIntervalMs);

  return {
    name: "sampling",
    rung: () => sampler.rung(),
    async stop() {
      clearInterval(timer);
      unsubscribe();
      handOn();
      sampler.close();
    },
  };
}
