/** How far a restore is. restic before 0.17 does not say it, but the kernel counts what its process writes. */
import { readFileSync } from "node:fs";
import { SECOND_MS, formatBytes, formatDuration } from "@shipkeeper/kit";

export interface ProgressOptions {
  /** 0 where it is not known. */
  readonly totalBytes: number;
  readonly onProgress: (line: string) => void;
}

const EVERY_MS = 5 * SECOND_MS;

export function reportProgress({ totalBytes, onProgress }: ProgressOptions) {
  let timer: NodeJS.Timeout | undefined;
  return {
    /** Tells every few seconds how far the process of this id is. */
    follow(this: void, pid: number): void {
      clearInterval(timer);
      const startedAt = performance.now();
      timer = setInterval(() => {
        const writtenBytes = writtenBy(pid);
        if (writtenBytes === undefined) return;
        onProgress(describeProgress({ writtenBytes, totalBytes, elapsedMs: performance.now() - startedAt }));
      }, EVERY_MS).unref();
    },
    end: () => clearInterval(timer),
  };
}

export interface Progress {
  readonly writtenBytes: number;
  readonly totalBytes: number;
  readonly elapsedMs: number;
}

/** `43 %, 1.2 GB of 2.8 GB at 120 MB/s, about 14 seconds left`. Never quite 100 %: what is done says so itself. */
export function describeProgress({ writtenBytes, totalBytes, elapsedMs }: Progress): string {
  const perSecond = (writtenBytes / Math.max(1, elapsedMs)) * SECOND_MS;
  const rate = `${formatBytes(perSecond)}/s`;
  if (totalBytes === 0 || perSecond === 0) return `${formatBytes(writtenBytes)} at ${rate}`;
  const share = Math.min(99, Math.floor((100 * writtenBytes) / totalBytes));
  const leftMs = Math.max(0, totalBytes - writtenBytes) / (perSecond / SECOND_MS);
  const left = formatDuration(Math.max(1, Math.ceil(leftMs / SECOND_MS)) * SECOND_MS);
  return `${share} %, ${formatBytes(writtenBytes)} of ${formatBytes(totalBytes)} at ${rate}, about ${left} left`;
}

/** Undefined where the process is gone. */
function writtenBy(pid: number): number | undefined {
  try {
    const counted = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1];
    return counted === undefined ? undefined : Number(counted);
  } catch {
    return undefined;
  }
}
