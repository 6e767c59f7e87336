import { backoffMs, MINUTE_MS, SECOND_MS, type Backoff, type Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import type { RestartAttempt } from "../../round/world.ts";

const WAITS: Backoff = { firstMs: 10 * SECOND_MS, mostMs: 5 * MINUTE_MS };
/** A container that stays healthy this long has recovered; falling ill sooner, it never had. */
const RECOVERED_MS = 10 * MINUTE_MS;
const VERIFY_MARGIN_MS = 30 * SECOND_MS;
const UNKNOWN_CHECK_MS = MINUTE_MS;

/**
 * How long after a restart the health check may take to tell: its start period, then all of its retries, and a margin.
 * An attempt that is not healed by then has failed.
 */
export function verifyMs({ healthCheck }: Pick<Container, "healthCheck">): number {
  if (healthCheck === undefined) return UNKNOWN_CHECK_MS + VERIFY_MARGIN_MS;
  const { startPeriodMs, retries, intervalMs, timeoutMs } = healthCheck;
  return startPeriodMs + retries * (intervalMs + timeoutMs) + VERIFY_MARGIN_MS;
}

/** Attempts that count against the budget now. One from the future is a wrong clock's, and counts. */
export function attemptsWithin(
  attempts: readonly RestartAttempt[],
  perMs: number,
  now: Instant,
): RestartAttempt[] {
  return attempts.filter(({ at }) => now - at < perMs);
}

/** Tries in a row after which the container did not stay healthy. */
export function failuresInARow(attempts: readonly RestartAttempt[], unhealthySince: Instant): number {
  let failures = 0;
  let illAgainAt = unhealthySince;
  for (const attempt of attempts.toReversed()) {
    if (attempt.result === "healed" && illAgainAt - attempt.at >= RECOVERED_MS) break;
    failures += 1;
    illAgainAt = attempt.at;
  }
  return failures;
}

/** From when the next try is allowed; undefined where nothing failed before. */
export function nextTryAt(attempts: readonly RestartAttempt[], failures: number): Instant | undefined {
  const last = attempts.at(-1);
  return last === undefined || failures === 0 ? undefined : last.at + backoffMs(WAITS, failures);
}
