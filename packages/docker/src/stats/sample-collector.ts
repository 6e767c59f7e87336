import type { Instant } from "@shipkeeper/kit";
import {
  CONTAINER_METRICS,
  HOST_METRICS,
  HOST_SUBJECT,
  NOT_READ,
  type SampleGroup,
  type SampleSeries,
} from "@shipkeeper/model";
import type { ContainerReading, Sweep } from "./container-sampler.ts";
import type { HostRow } from "./host-sampler.ts";

/** Gathers sweeps until somebody ships them as a group of columns. */
export interface SampleCollector {
  /** Copies what the sampler will overwrite. Beyond the bound the oldest sweeps are dropped. */
  add(sweep: Sweep, host?: HostRow): void;
  /** What was gathered since the last time, and how many rows were dropped before it. */
  take(): { readonly group: SampleGroup; readonly droppedRows: number };
}

/** One row is one subject's values at one time, 100 bytes: this bounds the collector at 2 MB. */
const MOST_ROWS = 20_000;

interface Gathered {
  readonly at: Instant;
  readonly host: HostRow | undefined;
  readonly readings: readonly ContainerReading[];
}

export function createSampleCollector({ mostRows = MOST_ROWS }: { mostRows?: number } = {}): SampleCollector {
  let gathered: Gathered[] = [];
  let rows = 0;
  let droppedRows = 0;

  return {
    add({ at, readings }, host) {
      const copies = readings.map(({ id, name, values }) => ({ id, name, values: values.slice() }));
      const sweep = { at, host: host?.slice(), readings: copies };
      gathered.push(sweep);
      rows += rowsOf(sweep);
      while (rows > mostRows && gathered.length > 1) {
        const oldest = gathered.shift();
        if (oldest === undefined) break;
        rows -= rowsOf(oldest);
        droppedRows += rowsOf(oldest);
      }
    },

    take() {
      const taken = { group: groupOf(gathered), droppedRows };
      gathered = [];
      rows = 0;
      droppedRows = 0;
      return taken;
    },
  };
}

function rowsOf({ host, readings }: Gathered): number {
  return readings.length + (host === undefined ? 0 : 1);
}

/** Sweeps into columns: a subject that was not there at a time has `NOT_READ` then. */
function groupOf(sweeps: readonly Gathered[]): SampleGroup {
  const series = new Map<string, SampleSeries & { readonly columns: Record<string, number[]> }>();

  const put = (
    index: number,
    of: { subject: string; name: string; values: ArrayLike<number>; metrics: readonly string[] },
  ) => {
    let found = series.get(of.subject);
    if (found === undefined) {
      const columns = of.metrics.map(
        (metric) => [metric, Array<number>(sweeps.length).fill(NOT_READ)] as const,
      );
      found = { subject: of.subject, name: of.name, columns: Object.fromEntries(columns) };
      series.set(of.subject, found);
    }
    for (const [at, metric] of of.metrics.entries()) {
      const column = found.columns[metric];
      if (column !== undefined) column[index] = of.values[at] ?? NOT_READ;
    }
  };

  for (const [index, { host, readings }] of sweeps.entries()) {
    if (host !== undefined)
      put(index, { subject: HOST_SUBJECT, name: "", values: host, metrics: HOST_METRICS });
    for (const { id, name, values } of readings)
      put(index, { subject: id, name, values, metrics: CONTAINER_METRICS });
  }
  return { times: sweeps.map(({ at }) => at), series: [...series.values()] };
}
