import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { LogMinute } from "../log-tally.ts";

/** A minute in which nothing happened but what is said. */
export function logMinute(at: Instant, facts: Partial<LogMinute> = {}): LogMinute {
  return { at, tookMs: MINUTE_MS, bytes: 0, matches: {}, notScannedBytes: 0, late: false, ...facts };
}
