import { createSampleCollector, type HostRow, type Sweep } from "@shipkeeper/docker";
import type { SampleGroup } from "@shipkeeper/model";
import type { Logger } from "@shipkeeper/runtime";

export interface GroupSweepsOptions {
  readonly sweepsPerGroup: number;
  readonly onGroup: (group: SampleGroup) => void;
  readonly log: Logger;
}

/** Sweeps in, groups of columns out. */
export interface SweepGroups {
  add(sweep: Sweep, host?: HostRow): void;
  /** What was gathered so far, without waiting for a whole group. */
  handOn(): void;
}

/** Of thousands of containers a group is handed on sooner, before its collector has to drop any of it. */
const MOST_ROWS = 10_000;

export function groupSweeps({ sweepsPerGroup, onGroup, log }: GroupSweepsOptions): SweepGroups {
  const collector = createSampleCollector();
  let sweeps = 0;
  let rows = 0;
  let lastAt = -Infinity;

  function handOn(): void {
    const { group, droppedRows } = collector.take();
    if (droppedRows > 0) log.warn({ droppedRows }, "readings were dropped before they could be queued");
    if (group.times.length > 0) onGroup(group);
    [sweeps, rows] = [0, 0];
  }

  return {
    add(sweep, host) {
      // A clock that stands still or goes back makes no reading: times of a group ascend.
      if (sweep.at <= lastAt) return;
      lastAt = sweep.at;
      collector.add(sweep, host);
      sweeps += 1;
      rows += sweep.readings.length + 1;
      if (sweeps >= sweepsPerGroup || rows >= MOST_ROWS) handOn();
    },
    handOn,
  };
}
