/** What both readings of a host take from the kernel's text files. */
import { readFileSync } from "node:fs";

const KIB = 1_024;

export function text(path: string): string {
  return readFileSync(path, "utf8");
}

/** Undefined where the kernel lacks the file or refuses it: one figure that is missing must not cost the others. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Of `/proc/meminfo`; `NaN` for a line that is not there. */
export function readMemory(meminfo: string) {
  return {
    totalBytes: Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1]) * KIB,
    availableBytes: Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]) * KIB,
  };
}
