import { readFile } from "node:fs/promises";
import os from "node:os";
import { SECOND_MS } from "@shipkeeper/kit";
import type { HostFacts } from "@shipkeeper/model";

/** What the kernel says of this machine; what an engine says of it goes before. */
export async function readKernelFacts(): Promise<Omit<HostFacts, "disks">> {
  const [stat, release] = await Promise.all([
    readFile("/proc/stat", "utf8"),
    readFile("/etc/os-release", "utf8").catch(() => ""),
  ]);
  const bootSeconds = /^btime (\d+)$/m.exec(stat)?.[1];
  return {
    hostname: os.hostname(),
    kernel: os.release(),
    operatingSystem: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? os.type(),
    architecture: os.machine(),
    cpus: os.cpus().length,
    memoryBytes: os.totalmem(),
    ...(bootSeconds !== undefined && { bootedAt: Number(bootSeconds) * SECOND_MS }),
  };
}
