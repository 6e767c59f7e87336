/** Which files hold which metrics, for both versions of cgroups: the first file is the one that tells whether anything ran. */
import { CONTAINER_METRICS, type ContainerMetric, NOT_READ } from "@shipkeeper/model";
import type { CgroupPaths } from "./cgroup-paths.ts";
import { numberAt, numberOnLine, sumAfter } from "./parse-bytes.ts";
import { workingSetOf } from "./working-set.ts";

/** One row of `CONTAINER_METRICS`, in their order. */
export type ContainerRow = Float64Array;

export interface SampledFile {
  readonly controller: string;
  readonly name: string;
  readonly parse: (bytes: Buffer, row: ContainerRow) => void;
}

const AT = Object.fromEntries(CONTAINER_METRICS.map((metric, index) => [metric, index])) as Record<
  ContainerMetric,
  number
>;
export { AT as METRIC_AT };

const NS_PER_US = 1_000;
/** "Unlimited" in version 1 is the largest number of pages: more than any machine has. */
const UNLIMITED_BYTES = 2 ** 60;

const key = (text: string) => Buffer.from(text, "latin1");
const NR_THROTTLED = key("nr_throttled ");
const THROTTLED_TIME = key("throttled_time ");
const THROTTLED_USEC = key("throttled_usec ");
const USAGE_USEC = key("usage_usec ");
const TOTAL_INACTIVE_FILE = key("total_inactive_file ");
const INACTIVE_FILE = key("inactive_file ");
const MEMORY_LIMIT = key("hierarchical_memory_limit ");
const NO_IO = key("Total 0\n");
const READ = key(" Read ");
const WRITE = key(" Write ");
const RBYTES = key("rbytes=");
const WBYTES = key("wbytes=");

const VERSION_1: readonly SampledFile[] = [
  {
    controller: "cpuacct",
    name: "cpuacct.usage",
    parse: (bytes, row) => (row[AT.cpuUsageUs] = scaled(numberAt(bytes, 0))),
  },
  {
    controller: "cpu",
    name: "cpu.stat",
    parse(bytes, row) {
      row[AT.cpuThrottledPeriods] = numberOnLine(bytes, NR_THROTTLED);
      row[AT.cpuThrottledUs] = scaled(numberOnLine(bytes, THROTTLED_TIME));
    },
  },
  {
    controller: "memory",
    name: "memory.usage_in_bytes",
    parse: (bytes, row) => (row[AT.memoryUsageBytes] = numberAt(bytes, 0)),
  },
  {
    controller: "memory",
    name: "memory.stat",
    parse(bytes, row) {
      row[AT.memoryWorkingSetBytes] = workingSet(row, numberOnLine(bytes, TOTAL_INACTIVE_FILE));
      row[AT.memoryLimitBytes] = limit(numberOnLine(bytes, MEMORY_LIMIT));
    },
  },
  {
    controller: "blkio",
    // The plain file knows this cgroup only, and programs such as systemd in a container make more below it.
    name: "blkio.throttle.io_service_bytes_recursive",
    parse(bytes, row) {
      const isUnused = bytes.length <= NO_IO.length; // the kernel writes just this until the first I/O
      row[AT.blockReadBytes] = isUnused ? 0 : sumAfter(bytes, READ);
      row[AT.blockWrittenBytes] = isUnused ? 0 : sumAfter(bytes, WRITE);
    },
  },
  { controller: "pids", name: "pids.current", parse: (bytes, row) => (row[AT.pids] = numberAt(bytes, 0)) },
];

const VERSION_2: readonly SampledFile[] = [
  {
    controller: "cpu",
    name: "cpu.stat",
    parse(bytes, row) {
      row[AT.cpuUsageUs] = numberOnLine(bytes, USAGE_USEC);
      row[AT.cpuThrottledPeriods] = numberOnLine(bytes, NR_THROTTLED);
      row[AT.cpuThrottledUs] = numberOnLine(bytes, THROTTLED_USEC);
    },
  },
  {
    controller: "memory",
    name: "memory.current",
    parse: (bytes, row) => (row[AT.memoryUsageBytes] = numberAt(bytes, 0)),
  },
  {
    controller: "memory",
    name: "memory.stat",
    parse: (bytes, row) =>
      (row[AT.memoryWorkingSetBytes] = workingSet(row, numberOnLine(bytes, INACTIVE_FILE))),
  },
  {
    controller: "memory",
    name: "memory.max",
    parse: (bytes, row) => (row[AT.memoryLimitBytes] = limit(numberAt(bytes, 0))),
  },
  {
    controller: "io",
    name: "io.stat",
    parse(bytes, row) {
      row[AT.blockReadBytes] = sumAfter(bytes, RBYTES);
      row[AT.blockWrittenBytes] = sumAfter(bytes, WBYTES);
    },
  },
  { controller: "pids", name: "pids.current", parse: (bytes, row) => (row[AT.pids] = numberAt(bytes, 0)) },
];

export function layoutOf({ version }: Pick<CgroupPaths, "version">): readonly SampledFile[] {
  return version === "1" ? VERSION_1 : VERSION_2;
}

/** Nanoseconds to whole microseconds. */
function scaled(nanoseconds: number): number {
  return nanoseconds === NOT_READ ? NOT_READ : Math.floor(nanoseconds / NS_PER_US);
}

/** Usage was read just before. */
function workingSet(row: ContainerRow, inactiveFileBytes: number): number {
  const usageBytes = row[AT.memoryUsageBytes] ?? NOT_READ;
  if (usageBytes === NOT_READ || inactiveFileBytes === NOT_READ) return NOT_READ;
  return workingSetOf({ usageBytes, inactiveFileBytes });
}

/** No limit is no number: `NOT_READ`. */
function limit(bytes: number): number {
  return bytes >= UNLIMITED_BYTES ? NOT_READ : bytes;
}
