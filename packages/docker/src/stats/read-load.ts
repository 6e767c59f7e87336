/** How hard a host is at work right now. */
import { statfsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { attempt, readMemory, text } from "./proc-files.ts";

/** What cannot be read is absent. */
export interface HostLoad {
  /** Load average of the last minute for each processor. */
  readonly loadPerCpu?: number;
  /** Shares from 0 to 1. */
  readonly memoryAvailable?: number;
  readonly diskFree?: number;
  /** Share of the last ten seconds in which all work stood still for want of it. */
  readonly memoryStalled?: number;
  readonly ioStalled?: number;
}

export interface ReadLoadOptions {
  /** Where the host's `/proc` is seen: `/` on the host itself. */
  readonly root?: string;
  /** The file system whose room counts; none where it is left out. */
  readonly disk?: string | undefined;
  readonly processors?: number;
}

/** Reads four small files and one file system's figures; never throws. */
export function readLoad({ root = "/", disk, processors = cpus().length }: ReadLoadOptions): HostLoad {
  const proc = (name: string) => text(join(root, "proc", name));
  const memory = attempt(() => readMemory(proc("meminfo")));
  const room = disk === undefined ? undefined : attempt(() => statfsSync(disk));
  const values = {
    loadPerCpu: attempt(() => Number.parseFloat(proc("loadavg")) / processors),
    memoryAvailable: memory && memory.availableBytes / memory.totalBytes,
    diskFree: room && room.bavail / room.blocks,
    memoryStalled: attempt(() => readStalled(proc("pressure/memory"))),
    ioStalled: attempt(() => readStalled(proc("pressure/io"))),
  };
  const known = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(known) as HostLoad;
}

/** Of `full avg10=1.23 avg60=…`, percent. */
function readStalled(pressure: string): number {
  return Number(/^full avg10=([\d.]+) /m.exec(pressure)?.[1]) / 100;
}
