/**
 * When a window is open. Owns days, nights over midnight and the two nights a year that are longer or shorter; what may
 * be done in a window is not known here. Times of day come as those of a cron pattern do (`cron.ts`).
 */
import { DAY_MS, HOUR_MS, type Instant } from "@shipkeeper/kit";
import { isTimezone, nextCronTime } from "./cron.ts";

/** In the words of the language: `Mon-Fri` from `22:00` to `04:00`, where the day is the one on which it opens. */
export interface Window {
  readonly days: string;
  readonly from: string;
  readonly to: string;
  readonly timezone: string;
}

/** From `opensAt` to right before `closesAt`. */
export interface Opening {
  readonly opensAt: Instant;
  readonly closesAt: Instant;
}

/** The opening that an instant lies in; of several, the one that closes last. */
export function openWindow(windows: readonly Window[], at: Instant): Opening | undefined {
  return windows
    .flatMap((window) => stretchAt(window, at).open ?? [])
    .reduce<Opening | undefined>(
      (last, one) => (last === undefined || one.closesAt > last.closesAt ? one : last),
      undefined,
    );
}

/** The opening that an instant lies in, or else the first after it; undefined where none ever comes. */
export function nextOpening(windows: readonly Window[], at: Instant): Opening | undefined {
  const open = openWindow(windows, at);
  if (open !== undefined) return open;
  return windows
    .flatMap((window) => stretchAt(window, at).next ?? [])
    .reduce<Opening | undefined>(
      (first, one) => (first === undefined || one.opensAt < first.opensAt ? one : first),
      undefined,
    );
}

/** A Monday of a week in which hardly a zone changes its clocks: the same answer whenever it is asked. */
const SOME_MONDAY = Date.UTC(2027, 0, 4);

/** The longest time, in milliseconds, during which none of the windows is open in a usual week. */
export function longestClosedMs(windows: readonly Window[]): number {
  let longest = 0;
  let last = nextOpening(windows, SOME_MONDAY);
  const end = (last?.closesAt ?? SOME_MONDAY) + 7 * DAY_MS;
  while (last !== undefined && last.closesAt <= end) {
    const next = nextOpening(windows, last.closesAt);
    longest = Math.max(longest, (next?.opensAt ?? Infinity) - last.closesAt);
    last = next;
  }
  return last === undefined ? Infinity : longest;
}

/** A span in which one window does not change: it is open, or closed until the next opening. */
interface Stretch {
  readonly from: Instant;
  readonly until: Instant;
  readonly open?: Opening;
  readonly next?: Opening;
}

const MOST_KEPT = 200;
/** The last stretch of each window that was asked for: rounds ask about the same moment again and again. */
const stretches = new Map<string, Stretch>();

function stretchAt(window: Window, at: Instant): Stretch {
  const key = `${window.days} ${window.from} ${window.to} ${window.timezone}`;
  const known = stretches.get(key);
  if (known !== undefined && known.from <= at && at < known.until) return known;
  if (stretches.size >= MOST_KEPT) stretches.clear();
  const found = findStretch(window, at);
  stretches.set(key, found);
  return found;
}

/** A day that autumn makes longer. */
const LONGEST_MS = DAY_MS + HOUR_MS;

function findStretch(window: Window, at: Instant): Stretch {
  let opening = openingAfter(window, at - LONGEST_MS - 1);
  let open: Opening | undefined;
  while (opening !== undefined && opening.opensAt <= at) {
    if (at < opening.closesAt) open = opening;
    opening = openingAfter(window, opening.opensAt);
  }
  if (open !== undefined) return { from: open.opensAt, until: open.closesAt, open };
  return opening === undefined
    ? { from: at, until: Infinity }
    : { from: at, until: opening.opensAt, next: opening };
}

/** Openings that spring leaves nothing of are passed over: three in a row do not come. */
const MOST_EMPTY = 3;

function openingAfter({ days, from, to, timezone }: Window, after: Instant): Opening | undefined {
  let last = after;
  for (let tries = 0; tries < MOST_EMPTY; tries += 1) {
    const opensAt = nextCronTime({ cron: `${cronTime(from)} * * ${cronDays(days)}`, timezone }, last);
    if (opensAt === undefined) return undefined;
    // Both ends can fall into the hour that spring skips, and then come at once: it opens and closes in the same moment.
    const isWholeDay = cronTime(from) === cronTime(to);
    const closesAt = nextCronTime(
      { cron: `${cronTime(to)} * * *`, timezone },
      isWholeDay ? opensAt : opensAt - 1,
    );
    if (closesAt !== undefined && closesAt > opensAt) return { opensAt, closesAt };
    last = opensAt;
  }
  return undefined;
}

const MINUTES_A_DAY = 24 * 60;

/** Minutes since midnight of `01:30`, or undefined; `24:00` is the end of the day. */
export function minuteOfDay(time: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(time) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  return minute <= MINUTES_A_DAY ? minute : undefined;
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** `Fri-Mon,Wed` → 5, 6, 0, 1, 3, with Sunday as 0; undefined where it names no days. */
export function weekdays(text: string): number[] | undefined {
  const days = text.split(",").map((part) => {
    const [first = "", last = first, more] = part.trim().toLowerCase().split("-");
    const from = DAYS.indexOf(first);
    const to = DAYS.indexOf(last);
    if (from === -1 || to === -1 || more !== undefined) return undefined;
    return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, index) => (from + index) % 7);
  });
  return days.includes(undefined) ? undefined : [...new Set(days.flatMap((some) => some ?? []))];
}

/** Whether `nextOpening` can answer: a bundle may come from a program that knows other words or newer time zones. */
export function areReadable(windows: readonly Window[]): boolean {
  return windows.every(
    ({ days, from, to, timezone }) =>
      weekdays(days) !== undefined &&
      minuteOfDay(from) !== undefined &&
      minuteOfDay(to) !== undefined &&
      isTimezone(timezone),
  );
}

function cronTime(time: string): string {
  const minute = (minuteOfDay(time) ?? 0) % MINUTES_A_DAY;
  return `${minute % 60} ${Math.floor(minute / 60)}`;
}

function cronDays(days: string): string {
  return (weekdays(days) ?? []).join(",");
}
