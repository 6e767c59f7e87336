import type { Instant } from "@shipkeeper/kit";
import type { Window } from "../schedule/windows.ts";

/**
 * Whether one of the windows is open, by the clock on the wall of its time zone. In the hour that autumn repeats it says
 * so twice, where the schedule closes with the first time: it never forbids what the schedule allows.
 */
export function isOpenByTheClock(windows: readonly Window[], at: Instant): boolean {
  return windows.some(({ days, from, to, timezone }) => {
    const { weekday, time } = readClock(timezone, at);
    const today = WEEK.indexOf(weekday);
    const opensOn = (day: number) =>
      days.split(",").some((part) => isWithin(part.trim().toLowerCase(), WEEK[(day + 7) % 7] ?? ""));
    if (from < to) return opensOn(today) && from <= time && time < to;
    return (opensOn(today) && from <= time) || (opensOn(today - 1) && time < to);
  });
}

const WEEK = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** `fri-mon` holds Sunday: the days are walked from the first to the last. */
function isWithin(range: string, wanted: string): boolean {
  const [first = "", last = first] = range.split("-");
  let index = WEEK.findIndex((day) => day.toLowerCase() === first);
  for (let steps = 0; index >= 0 && steps < 7; steps += 1) {
    const day = WEEK[index] ?? "";
    if (day === wanted) return true;
    if (day.toLowerCase() === last) return false;
    index = (index + 1) % 7;
  }
  return false;
}

const MOST_CLOCKS = 50;
/** Making a clock takes far longer than reading it, and a round reads it many times at one moment. */
const clocks = new Map<string, { clock: Intl.DateTimeFormat; at?: Instant; weekday: string; time: string }>();

/** `Thu` and `02:00` in a time zone. */
function readClock(timeZone: string, at: Instant): { weekday: string; time: string } {
  const known = clocks.get(timeZone);
  if (known?.at === at) return known;
  if (clocks.size >= MOST_CLOCKS) clocks.clear();
  const clock =
    known?.clock ??
    new Intl.DateTimeFormat("en-US", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  const parts = new Map(clock.formatToParts(at).map(({ type, value }) => [type, value]));
  const read = { weekday: parts.get("weekday") ?? "", time: `${parts.get("hour")}:${parts.get("minute")}` };
  clocks.set(timeZone, { clock, at, ...read });
  return read;
}
