import type { Instant } from "@shipkeeper/kit";
import { Cron } from "croner";

/** A pattern of five fields in a time zone. */
export interface CronTimes {
  readonly cron: string;
  readonly timezone: string;
}

const MOST_KEPT = 200;
const compiled = new Map<string, Cron>();

/**
 * The first time of the pattern after an instant, or undefined where it never comes again. A time that falls into the
 * hour that spring skips comes when that hour has passed; one in the hour that autumn repeats comes once.
 */
export function nextCronTime({ cron, timezone }: CronTimes, after: Instant): Instant | undefined {
  return compile(cron, timezone).nextRun(new Date(after))?.getTime();
}

/** Croner is only asked for dates after a given date: without a function it starts no timer. */
function compile(cron: string, timezone: string): Cron {
  const key = `${timezone} ${cron}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  if (compiled.size >= MOST_KEPT) compiled.clear();
  const made = new Cron(cron, { timezone, mode: "5-part" });
  compiled.set(key, made);
  return made;
}

const VALUE = "([0-9]{1,2}|[A-Za-z]{3})";
const PART = `(\\*|${VALUE}(-${VALUE})?)(/[0-9]+)?`;
const FIELD = new RegExp(`^${PART}(,${PART})*$`);
/** Any fixed day does: it only has to lie before the next leap year. */
const SOME_DAY = Date.UTC(2027, 0, 1);

/** Why a text is no pattern that Shipkeeper takes, or undefined where it is one. */
export function cronProblem(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) {
    return `expected five fields (minute hour day month weekday) such as "0 3 * * *"`;
  }
  const odd = fields.find((field) => !FIELD.test(field));
  // `L`, `W`, `#` and `?` mean different things to different programs, so the language does without.
  if (odd !== undefined) return `expected numbers, names (JAN, MON), and * , - / in "${odd}"`;
  try {
    const first = nextCronTime({ cron, timezone: "UTC" }, SOME_DAY);
    return first === undefined ? "expected a time that comes; this one never does" : undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "not a cron pattern";
    return `${why} (expected minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7)`;
  }
}

const zones = new Map<string, boolean>();

/** Whether the runtime knows a time zone by this name. */
export function isTimezone(name: string): boolean {
  const known = zones.get(name);
  if (known !== undefined) return known;
  if (zones.size >= MOST_KEPT) zones.clear();
  const found = isKnownZone(name);
  zones.set(name, found);
  return found;
}

function isKnownZone(name: string): boolean {
  try {
    // Intl also takes offsets such as +02:00, which know no summer time.
    return (
      /^[A-Za-z]/.test(name) &&
      Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== ""
    );
  } catch {
    return false;
  }
}

/** Every time zone that the runtime knows by name, for suggestions. */
export function timezones(): string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone")];
}
