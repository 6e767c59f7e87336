/** Growing waits: `firstMs`, doubled for each failure in a row, never above `mostMs`. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The wait after `failures` failures in a row (1 or more), in milliseconds. */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 40));
}

/** Full jitter: anywhere between nothing and the wait, so that a fleet does not come back all at once. */
export function jitteredBackoffMs(backoff: Backoff, failures: number, random: () => number): number {
  return Math.round(random() * backoffMs(backoff, failures));
}
