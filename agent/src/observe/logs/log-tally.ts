/** What a log did lately, minute by minute: pure sums, bounded in time. Minutes without anything take no room. */
import { HOUR_MS, MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { LogHour, WatchedLog } from "@shipkeeper/policy";

export type Matches = Readonly<Record<string, number>>;

/** One minute of a log, or a little more where the agent was held up. */
export interface LogMinute {
  readonly at: Instant;
  readonly tookMs: number;
  readonly bytes: number;
  readonly matches: Matches;
  readonly notScannedBytes: number;
  readonly late: boolean;
}

export interface LogTally {
  readonly since: Instant;
  /** Of the last hour, oldest first. */
  readonly minutes: readonly LogMinute[];
  readonly hours: readonly LogHour[];
}

const MEAN_OVER_MS = 10 * MINUTE_MS;
/** This one and the one before it: what is told after the turn of the hour still has all of the last one. */
const HOURS_KEPT = 2;

export function emptyTally(since: Instant): LogTally {
  return { since, minutes: [], hours: [] };
}

export function addMinute(tally: LogTally, minute: LogMinute): LogTally {
  const minutes = tally.minutes.filter(({ at }) => at > minute.at - HOUR_MS);
  const isQuiet = minute.bytes === 0 && !minute.late && Object.keys(minute.matches).length === 0;
  if (isQuiet) return minutes.length === tally.minutes.length ? tally : { ...tally, minutes };
  return { ...tally, minutes: [...minutes, minute], hours: addToHour(tally.hours, minute) };
}

function addToHour(hours: readonly LogHour[], { at, bytes, matches }: LogMinute): LogHour[] {
  const hour = at - (at % HOUR_MS);
  const known = hours.find((one) => one.at === hour) ?? { at: hour, bytes: 0, matches: {} };
  const grown = { at: hour, bytes: known.bytes + bytes, matches: sum([known.matches, matches]) };
  const others = hours.filter((one) => one.at !== hour && one.at > hour - HOURS_KEPT * HOUR_MS);
  return [...others, grown].slice(-HOURS_KEPT);
}

/** The figures of the last minutes and of the last hour, as they are told. */
export function figuresOf(
  { since, minutes, hours }: LogTally,
  now: Instant,
): Pick<
  WatchedLog,
  "bytesPerMinute" | "peakBytesPerMinute" | "matches" | "notScannedBytes" | "lateMinutes" | "hours"
> {
  const ofHour = minutes.filter(({ at }) => at > now - HOUR_MS);
  const lately = ofHour.filter(({ at }) => at >= now - MEAN_OVER_MS);
  const spanMs = Math.max(MINUTE_MS, Math.min(MEAN_OVER_MS, now - since));
  const total = (of: readonly LogMinute[], key: "bytes" | "notScannedBytes") =>
    of.reduce((all, minute) => all + minute[key], 0);
  return {
    bytesPerMinute: Math.round((total(lately, "bytes") * MINUTE_MS) / spanMs),
    peakBytesPerMinute: Math.max(0, ...ofHour.map((minute) => perMinute(minute.bytes, minute))),
    matches: sum(ofHour.map(({ matches }) => matches)),
    notScannedBytes: total(ofHour, "notScannedBytes"),
    lateMinutes: ofHour.filter(({ late }) => late).length,
    hours: hours.filter(({ at }) => at > now - HOURS_KEPT * HOUR_MS),
  };
}

/** A count as if the minute had been one: a host that slept must not look busy. */
export function perMinute(count: number, { tookMs }: Pick<LogMinute, "tookMs">): number {
  return Math.round((count * MINUTE_MS) / Math.max(MINUTE_MS, tookMs));
}

function sum(all: readonly Matches[]): Record<string, number> {
  const total = new Map<string, number>();
  for (const [name, count] of all.flatMap((matches) => Object.entries(matches))) {
    total.set(name, (total.get(name) ?? 0) + count);
  }
  return Object.fromEntries(total);
}
