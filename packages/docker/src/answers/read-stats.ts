import { parseInstant } from "@shipkeeper/kit";
import { type ContainerMetric, NOT_READ } from "@shipkeeper/model";
import type { ContainerStats } from "../engine.ts";
import { workingSetOf } from "../stats/working-set.ts";
import type { StatsAnswer } from "./stats-answer.ts";

const NS_PER_US = 1_000;

/** Undefined where the container does not run: the engine then answers with a name and nothing in it. */
export function readStats(answer: StatsAnswer): ContainerStats | undefined {
  if (parseInstant(answer.read) === undefined) return undefined;
  const { cpu_stats: cpu, memory_stats: memory, pids_stats: pids } = answer;
  const values: Record<ContainerMetric, number | undefined> = {
    cpuUsageUs: microseconds(cpu.cpu_usage.total_usage),
    cpuThrottledUs: microseconds(cpu.throttling_data?.throttled_time),
    cpuThrottledPeriods: cpu.throttling_data?.throttled_periods,
    memoryUsageBytes: memory.usage,
    memoryWorkingSetBytes: readWorkingSet(memory),
    memoryLimitBytes: memory.limit,
    ...readTraffic(answer.networks),
    blockReadBytes: readBlockBytes(answer.blkio_stats, "read"),
    blockWrittenBytes: readBlockBytes(answer.blkio_stats, "write"),
    pids: pids?.current,
  };
  const known = Object.entries(values).map(([metric, value]) => [metric, value ?? NOT_READ]);
  return Object.fromEntries(known) as ContainerStats;
}

function readWorkingSet({ usage, stats }: StatsAnswer["memory_stats"]): number | undefined {
  const inactiveFileBytes = stats?.total_inactive_file ?? stats?.inactive_file;
  return usage === undefined || inactiveFileBytes === undefined
    ? undefined
    : workingSetOf({ usageBytes: usage, inactiveFileBytes });
}

function readTraffic(networks: StatsAnswer["networks"]) {
  if (networks === undefined || networks === null) return NO_TRAFFIC;
  const interfaces = Object.values(networks);
  return {
    networkReceivedBytes: sum(interfaces.map(({ rx_bytes }) => rx_bytes)),
    networkSentBytes: sum(interfaces.map(({ tx_bytes }) => tx_bytes)),
  };
}

const NO_TRAFFIC = { networkReceivedBytes: undefined, networkSentBytes: undefined };

/** Nothing is listed until the first I/O. The operations are capitalized with version 1 of cgroups only. */
function readBlockBytes(block: StatsAnswer["blkio_stats"], operation: "read" | "write"): number | undefined {
  const transfers = block?.io_service_bytes_recursive.filter(({ op }) => op.toLowerCase() === operation);
  return transfers && sum(transfers.map(({ value }) => value));
}

function microseconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : Math.floor(nanoseconds / NS_PER_US);
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
