/** When a log bursts, and when it has calmed down: one minute above a limit, and five without. */
import type { BurstLimits, LogBurst } from "@shipkeeper/policy";
import { perMinute, type LogMinute } from "./log-tally.ts";

/** So many minutes in a row within the limits end a burst. */
const CALM_MINUTES = 5;

export interface BurstState {
  readonly burst: LogBurst;
  readonly calmMinutes: number;
}

/** How the log stands after a minute; undefined while it does not burst, and where nothing limits it any more. */
export function judgeBurst(
  before: BurstState | undefined,
  minute: LogMinute,
  limits: BurstLimits,
): BurstState | undefined {
  const above = aboveLimit(minute, limits);
  if (above !== undefined) {
    // What began it stays its reason: the other limit may be passed a minute later.
    const { burst = { since: minute.at, ...above } } = before ?? {};
    const isSame = burst.why === above.why && burst.pattern === above.pattern;
    const most = isSame ? Math.max(burst.perMinute, above.perMinute) : burst.perMinute;
    return { burst: { ...burst, perMinute: most }, calmMinutes: 0 };
  }
  const isLimited = limits.bytesPerMinute !== undefined || limits.matchesPerMinute !== undefined;
  if (before === undefined || !isLimited || before.calmMinutes + 1 >= CALM_MINUTES) return undefined;
  return { ...before, calmMinutes: before.calmMinutes + 1 };
}

function aboveLimit(
  minute: LogMinute,
  { bytesPerMinute, matchesPerMinute }: BurstLimits,
): Omit<LogBurst, "since"> | undefined {
  const bytes = perMinute(minute.bytes, minute);
  if (bytesPerMinute !== undefined && bytes > bytesPerMinute) {
    return { why: "bytes", perMinute: bytes, limitPerMinute: bytesPerMinute };
  }
  const [most] = Object.entries(minute.matches).sort(([, a], [, b]) => b - a);
  if (matchesPerMinute === undefined || most === undefined) return undefined;
  const [pattern, count] = most;
  const matches = perMinute(count, minute);
  if (matches <= matchesPerMinute) return undefined;
  return { why: "matches", pattern, perMinute: matches, limitPerMinute: matchesPerMinute };
}
