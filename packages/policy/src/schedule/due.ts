/**
 * When a scheduled rule is due. Owns catch-up, spread and time zones; knows nothing of rules, and never reads a clock.
 */
import { MINUTE_MS, fractionOf, type Instant } from "@shipkeeper/kit";
import type { Schedule } from "../language/policy.ts";
import { cronProblem, isTimezone, nextCronTime, type CronTimes } from "./cron.ts";

export interface DueQuestion {
  readonly hostId: string;
  readonly lastRunAt?: Instant | undefined;
  /** When the rule came into force here: it missed nothing before. */
  readonly since: Instant;
  readonly now: Instant;
}

/**
 * The instant from which the rule is due, or undefined where it never is. At or before `now`, it is due: a host that was
 * down over several times runs the rule once, because the time after the next run counts from that run.
 */
export function nextDue(
  schedule: Schedule,
  { hostId, lastRunAt, since, now }: DueQuestion,
): Instant | undefined {
  // A run in the future is the trace of a wrong clock: waiting for it could take years.
  const ranAt = lastRunAt !== undefined && lastRunAt <= now ? lastRunAt : undefined;
  if ("everyMs" in schedule) return ranAt === undefined ? Math.min(since, now) : ranAt + schedule.everyMs;

  const time = nextCronTime(schedule, ranAt ?? Math.min(since, now));
  return time === undefined ? undefined : time + spreadMs(schedule, time, hostId);
}

/** Whether `nextDue` can answer: a bundle may come from a program that knows other patterns or newer time zones. */
export function isReadable(schedule: Schedule): boolean {
  return "everyMs" in schedule || (cronProblem(schedule.cron) === undefined && isTimezone(schedule.timezone));
}

const MOST_SPREAD_MS = 5 * MINUTE_MS;
const SPREAD_OF_PERIOD = 0.1;

/** A fleet that shares one pattern must not start as one: each host has its own fixed delay after the time. */
function spreadMs(times: CronTimes, time: Instant, hostId: string): number {
  const following = nextCronTime(times, time);
  const mostMs =
    following === undefined ? 0 : Math.min(MOST_SPREAD_MS, (following - time) * SPREAD_OF_PERIOD);
  return Math.floor(mostMs * fractionOf(hostId));
}
