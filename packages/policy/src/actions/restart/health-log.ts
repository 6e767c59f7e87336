/** What the engine's log of a health check tells beyond its status. The engine keeps the last five answers. */
import { SECOND_MS, type Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";

type Answer = Container["health"]["log"][number];

/** The engine keeps no more. */
const MOST_ANSWERS = 5;
const STALE_MARGIN_MS = 30 * SECOND_MS;

/** The answers since the container was last started, oldest first: the engine keeps those of earlier lives as well. */
export function logOfThisLife({ health, startedAt = 0 }: Container): readonly Answer[] {
  return health.log.filter((answer) => (answer.startedAt ?? answer.endedAt ?? startedAt) >= startedAt);
}

/**
 * Since when a health check has stopped telling anything, and for how long at the look; undefined while it tells.
 * Counted at the look, never now: an engine that does not answer makes looks old, not containers sick.
 */
export function isHealthStale(container: Container): { since: Instant; forMs: number } | undefined {
  const { state, health, healthCheck, startedAt } = container;
  if (state !== "running" || health.status === "none" || healthCheck === undefined) return undefined;
  if (health.readAt === undefined || startedAt === undefined) return undefined;
  const { intervalMs, timeoutMs, startPeriodMs } = healthCheck;
  const lastTold = logOfThisLife(container).at(-1)?.endedAt;
  const since = lastTold ?? startedAt + startPeriodMs;
  const forMs = health.readAt - since;
  return forMs > 3 * (intervalMs + timeoutMs) + STALE_MARGIN_MS ? { since, forMs } : undefined;
}

/** Whether an answer says that there is no process to run the check in. A program that the image lacks is another matter. */
export function saysGhost({ exitCode, output }: Answer): boolean {
  if (exitCode === 0) return false;
  if (/cannot exec in a stopped|container \S+ is not running/i.test(output)) return true;
  return (
    /OCI runtime exec failed/i.test(output) && !/executable file|no such file|permission denied/i.test(output)
  );
}

/** The first of the failures that nothing good has followed, as far as the log tells; undefined where there is none. */
export function failingSince(container: Container): Instant | undefined {
  const log = logOfThisLife(container);
  const first = log[log.findLastIndex(({ exitCode }) => exitCode === 0) + 1];
  return first?.startedAt ?? first?.endedAt;
}

/**
 * When a container that is well now became well, as far as the log tells: the first good answer after failures, else
 * its start. One failure alone made no check unhealthy.
 */
export function wellSince(container: Container): Instant | undefined {
  const log = logOfThisLife(container);
  const firstGood = log.findLastIndex(({ exitCode }) => exitCode !== 0) + 1;
  const isFirstOfLife = firstGood === 0 && log.length < MOST_ANSWERS;
  if (firstGood < 2 && !isFirstOfLife) return container.startedAt;
  return log[firstGood]?.endedAt ?? container.startedAt;
}
