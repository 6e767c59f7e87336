/**
 * Whether a restore point can be what it says it is, by its size alone: next to nothing, it catches a volume that was not
 * mounted, a dump that broke off, a folder that somebody emptied.
 */

export interface RestorePointSize {
  readonly bytes: number;
  readonly files: number;
}

export interface Plausibility {
  readonly plausible: boolean;
  /** What is odd about it, for people; absent where nothing is. */
  readonly message?: string;
  /** What it was measured by. */
  readonly facts: Readonly<Record<string, number>>;
}

/** A week of daily ones: enough to see what is usual, few enough to follow a dataset that changes. */
const MOST_EARLIER = 7;
const LEAST_SHARE = 0.5;

/**
 * Judges a restore point by the earlier ones of its dataset, oldest first. Those that tell neither bytes nor files say
 * nothing: up to 0.16 restic lists no sizes, and another agent may have made them. What never held anything may be empty.
 */
export function plausibility(point: RestorePointSize, earlier: readonly RestorePointSize[]): Plausibility {
  const told = earlier.filter(({ bytes, files }) => bytes > 0 || files > 0).slice(-MOST_EARLIER);
  const usual = {
    bytes: median(told.map(({ bytes }) => bytes)),
    files: median(told.map(({ files }) => files)),
  };
  const { bytes, files } = point;
  const facts = { bytes, files, usualBytes: usual.bytes, usualFiles: usual.files, comparedWith: told.length };
  const message =
    files === 0 && usual.files > 0
      ? `holds no file; usual are ${usual.files}`
      : (shrunk("bytes", bytes, usual.bytes) ?? shrunk("files", files, usual.files));
  return message === undefined ? { plausible: true, facts } : { plausible: false, message, facts };
}

function shrunk(what: string, count: number, usual: number): string | undefined {
  return count < usual * LEAST_SHARE
    ? `holds ${count} ${what}, less than half of the usual ${usual}`
    : undefined;
}

/** The lower one of the two in the middle, so that it is a size that there was; 0 of none. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
