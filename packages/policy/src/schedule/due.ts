/**
 * When a scheduled rule is due. Owns catch-up, spread and time zones; knows nothing of rules, and never reads a clock.
 */
import { DAY_MS, MINUTE_MS, fractionOf, type Instant } from "@shipkeeper/kit";
import type { Schedule } from "../language/policy.ts";
import { cronProblem, isTimezone, nextCronTime, type CronTimes } from "./cron.ts";
import { nextOpening, type Opening, type Window } from "./windows.ts";

export interface DueQuestion {
  readonly hostId: string;
  readonly lastRunAt?: Instant | undefined;
  /** When the rule came into force here: it missed nothing before. */
  readonly since: Instant;
  readonly now: Instant;
  /** Where the rule has windows: a time outside of them counts as missed only from their next opening on. */
  readonly windows?: readonly Window[] | undefined;
}

/**
 * The instant from which the rule is due, or undefined where it never is. At or before `now`, it is due: a host that was
 * down over several times runs the rule once, because the time after the next run counts from that run.
 */
export function nextDue(
  schedule: Schedule,
  { hostId, lastRunAt, since, now, windows }: DueQuestion,
): Instant | undefined {
  // A run in the future is the trace of a wrong clock: waiting for it could take years.
  const ranAt = lastRunAt !== undefined && lastRunAt <= now ? lastRunAt : undefined;
  if ("everyMs" in schedule) return ranAt === undefined ? Math.min(since, now) : ranAt + schedule.everyMs;

  const time = firstTime(schedule, { after: ranAt ?? Math.min(since, now), now, windows });
  return time === undefined ? undefined : time + spreadMs(schedule, time, hostId);
}

/** A host that is on time has this long to begin: it may be at work on another rule. */
const ON_TIME_MS = 10 * MINUTE_MS;
/** Every window opens again within a week, which autumn makes an hour longer. */
const LONGEST_CLOSED_MS = 8 * DAY_MS;

/** The first time of the pattern that is not past catching up with. */
function firstTime(
  schedule: CronSchedule,
  { after, now, windows }: { after: Instant; now: Instant; windows?: readonly Window[] | undefined },
): Instant | undefined {
  if (schedule.catchUpMs === undefined) return nextCronTime(schedule, after);
  const missedBefore = now - Math.max(schedule.catchUpMs, ON_TIME_MS);
  if (windows === undefined) return nextCronTime(schedule, Math.max(after, missedBefore - 1));

  let last = Math.max(after, missedBefore - LONGEST_CLOSED_MS);
  for (;;) {
    const time = nextCronTime(schedule, last);
    const opening = time === undefined ? undefined : nextOpening(windows, time);
    if (time === undefined || opening === undefined) return time;
    const startsAt = Math.max(time, opening.opensAt);
    if (startsAt >= missedBefore) return time;
    // No time until then starts later than this one, or late enough.
    last = Math.max(startsAt, Math.min(opening.closesAt, missedBefore) - 1);
  }
}

/** When a host begins with what was due before its window opened: not every host at the first moment. */
export function startInOpening(schedule: Schedule, { opensAt, closesAt }: Opening, hostId: string): Instant {
  const mostMs = Math.min(
    ("cron" in schedule ? schedule.spreadMs : undefined) ?? MOST_SPREAD_MS,
    (closesAt - opensAt) / 2,
  );
  return opensAt + Math.floor(mostMs * fractionOf(hostId));
}

/** Whether `nextDue` can answer: a bundle may come from a program that knows other patterns or newer time zones. */
export function isReadable(schedule: Schedule): boolean {
  return "everyMs" in schedule || (cronProblem(schedule.cron) === undefined && isTimezone(schedule.timezone));
}

const MOST_SPREAD_MS = 5 * MINUTE_MS;
const SPREAD_OF_PERIOD = 0.1;

type CronSchedule = Extract<Schedule, CronTimes>;

/** A fleet that shares one pattern must not start as one: each host has its own fixed delay after the time. */
function spreadMs(schedule: CronSchedule, time: Instant, hostId: string): number {
  const following = nextCronTime(schedule, time);
  if (following === undefined) return 0;
  const periodMs = following - time;
  // A delay beyond the period would put off every time by the one before it.
  const mostMs =
    schedule.spreadMs === undefined
      ? Math.min(MOST_SPREAD_MS, periodMs * SPREAD_OF_PERIOD)
      : Math.min(schedule.spreadMs, periodMs);
  return Math.floor(mostMs * fractionOf(hostId));
}
