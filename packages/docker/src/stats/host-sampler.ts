/** Reads what a host uses: the counterpart of the container sampler for the machine as a whole. */
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { HOST_METRICS, type HostMetric, NOT_READ } from "@shipkeeper/model";
import { attempt, readMemory, text } from "./proc-files.ts";

export interface HostSamplerOptions {
  /** Where the host's `/proc` is seen: `/` on the host itself. */
  readonly root?: string;
  /** The file system whose room is reported: the engine's root folder. */
  readonly disk: string;
}

/** One row of `HOST_METRICS`, in their order. */
export type HostRow = Float64Array;

/** The kernel counts in hundredths of a second for programs, whatever it counts in itself (USER_HZ). */
const US_PER_TICK = 10_000;

/** Interfaces that only pass on what others carried: counting them would count a container's traffic twice or thrice. */
const VIRTUAL_INTERFACE = /^\s*(lo|veth\w*|docker\d+|br-\w+|virbr\d+|cni\d+|flannel[.\w]*):/;

/** Reads a row of `HOST_METRICS`; what this kernel or this machine does not tell is `NOT_READ`. */
export function createHostSampler({ root = "/", disk }: HostSamplerOptions): () => HostRow {
  const proc = (name: string) => join(root, "proc", name);

  return () => {
    const cpu = attempt(() => readCpu(text(proc("stat"))));
    const memory = attempt(() => readMemory(text(proc("meminfo"))));
    const room = attempt(() => statfsSync(disk));
    const network = attempt(() => readNetwork(text(proc("net/dev"))));
    const values: Readonly<Record<HostMetric, number | undefined>> = {
      cpuBusyUs: cpu?.busyUs,
      cpuIoWaitUs: cpu?.ioWaitUs,
      load1Milli: attempt(() => Math.round(Number.parseFloat(text(proc("loadavg"))) * 1_000)),
      memoryTotalBytes: memory?.totalBytes,
      memoryAvailableBytes: memory?.availableBytes,
      diskTotalBytes: room && room.bsize * room.blocks,
      diskFreeBytes: room && room.bsize * room.bavail,
      networkReceivedBytes: network?.receivedBytes,
      networkSentBytes: network?.sentBytes,
      cpuPressureUs: attempt(() => readPressure(text(proc("pressure/cpu")))),
      memoryPressureUs: attempt(() => readPressure(text(proc("pressure/memory")))),
      ioPressureUs: attempt(() => readPressure(text(proc("pressure/io")))),
    };
    return Float64Array.from(HOST_METRICS, (metric) => wholeOrNotRead(values[metric]));
  };
}

/** Of `cpu  user nice system idle iowait irq softirq steal …`, in ticks. */
function readCpu(stat: string) {
  const [user = 0, nice = 0, system = 0, , ioWait = 0, irq = 0, softIrq = 0] = numbersOf(
    /^cpu (.*)$/m.exec(stat)?.[1],
  );
  return { busyUs: (user + nice + system + irq + softIrq) * US_PER_TICK, ioWaitUs: ioWait * US_PER_TICK };
}

/** Time in which at least one task waited, in microseconds since the boot. */
function readPressure(pressure: string): number {
  return Number(/^some .*total=(\d+)$/m.exec(pressure)?.[1]);
}

function readNetwork(netDev: string) {
  const physical = netDev.split("\n").filter((line) => line.includes(":") && !VIRTUAL_INTERFACE.test(line));
  const rows = physical.map((line) => numbersOf(line.slice(line.indexOf(":") + 1)));
  const total = (column: number) => rows.reduce((sum, row) => sum + (row[column] ?? 0), 0);
  return { receivedBytes: total(0), sentBytes: total(8) };
}

function numbersOf(text: string | undefined): number[] {
  return (text ?? "").trim().split(/\s+/).map(Number);
}

function wholeOrNotRead(value: number | undefined): number {
  return value === undefined || !Number.isFinite(value) ? NOT_READ : Math.floor(value);
}
