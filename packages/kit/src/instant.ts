/** Milliseconds since 1970-01-01T00:00:00Z. Always passed in; pure code never reads a clock. */
export type Instant = number;

/** Reads the time. Programs hand in `Date.now`, tests a clock that they move by hand. */
export type Clock = () => Instant;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Milliseconds of `count` days. */
export const days = (count: number): number => count * DAY_MS;

/**
 * The instant of an RFC 3339 text, or undefined where it is no plausible time.
 * Engines write `0001-01-01T00:00:00Z` for "never", and an empty text for "not known".
 */
export function parseInstant(text: string | undefined | null): Instant | undefined {
  if (text === undefined || text === null || text === "" || text.startsWith("0001-01-01")) return undefined;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** `2030-01-31 02:00Z`: the form in which rounds and reports print times. */
export function formatInstant(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")}Z`;
}
