import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "./instant.ts";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/**
 * Milliseconds of a text such as `30s`, `15m`, `72h`, `14d` or `1h30m`; undefined where it is none.
 * The unit is mandatory: a bare `300` has been read as seconds by one tool and as nothing by another.
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(ms|s|m|h|d|w))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d|w)/g)) {
    totalMs += Number(count) * (UNITS[unit ?? ""] ?? 0);
  }
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}

const STEPS: readonly (readonly [name: string, ms: number])[] = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
  ["second", SECOND_MS],
];

/** `90 days`, `3 hours`, `45 seconds`: the largest unit that counts at least two, rounded down. */
export function formatDuration(durationMs: number): string {
  for (const [name, ms] of STEPS) {
    const count = Math.floor(durationMs / ms);
    if (count >= 2 || (count === 1 && durationMs % ms === 0))
      return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return durationMs >= SECOND_MS ? "1 second" : `${Math.max(0, Math.floor(durationMs))} ms`;
}
