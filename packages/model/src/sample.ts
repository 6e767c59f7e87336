import type { Instant } from "@shipkeeper/kit";

/**
 * What one reading of a container holds, in this order. Whole numbers; counters only grow while the container runs.
 * `memoryWorkingSetBytes` is usage minus inactive file pages, as the Docker command line and containerd compute it.
 */
export const CONTAINER_METRICS = [
  "cpuUsageUs",
  "cpuThrottledUs",
  "cpuThrottledPeriods",
  "memoryUsageBytes",
  "memoryWorkingSetBytes",
  "memoryLimitBytes",
  "networkReceivedBytes",
  "networkSentBytes",
  "blockReadBytes",
  "blockWrittenBytes",
  "pids",
] as const;
export type ContainerMetric = (typeof CONTAINER_METRICS)[number];

/** What one reading of a host holds, in this order. Pressure is the kernel's running total of stalled time. */
export const HOST_METRICS = [
  "cpuBusyUs",
  "cpuIoWaitUs",
  "load1Milli",
  "memoryTotalBytes",
  "memoryAvailableBytes",
  "diskTotalBytes",
  "diskFreeBytes",
  "networkReceivedBytes",
  "networkSentBytes",
  "cpuPressureUs",
  "memoryPressureUs",
  "ioPressureUs",
] as const;
export type HostMetric = (typeof HOST_METRICS)[number];

/** In place of a value that could not be read or does not apply: never 0, which would be a reading. */
export const NOT_READ = -1;

/** The subject of a host's own readings; every other subject is a container id. */
export const HOST_SUBJECT = "host";

/** The readings of one subject: as many values a metric as the group has times, `NOT_READ` where there was none. */
export interface SampleSeries {
  readonly subject: string;
  /** The container's name at the time; empty for the host. */
  readonly name: string;
  /** Metric → values, one for each of the group's times. */
  readonly columns: Readonly<Record<string, readonly number[]>>;
}

/** Readings of one host over a short span, in columns. Times ascend. */
export interface SampleGroup {
  readonly times: readonly Instant[];
  readonly series: readonly SampleSeries[];
}
