/**
 * The small words of the policy language: durations, sizes, shares, dates, patterns, names. Each is a codec, so that a compiled
 * rule can be written out again in the same words with every default filled in.
 */
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  parseBytes,
  parseDuration,
  patternProblem,
  type Instant,
} from "@shipkeeper/kit";
import * as z from "zod";

const DURATION = "expected a duration such as 30s, 15m or 14d";
const NO_TIME = `${DURATION}, more than nothing`;
const SIZE = "expected a size such as 500MB or 20GB";
const SHARE = "expected a share from 1% to 100%";
const DATE = "expected a date such as 2027-03-31";
const NAME = "expected a name of lower-case letters, digits and . _ - (64 at most)";

/** How people begin the names of units that the language spells otherwise. */
const DURATION_WORDS = { ms: "ms", mo: undefined, s: "s", m: "m", h: "h", d: "d", w: "w" };
const SIZE_WORDS = { b: "B", k: "kB", m: "MB", g: "GB", t: "TB" };

/** `14 days` → `14d`, `100 gigs` → `100GB`: what was probably meant, or undefined. */
function inKnownUnit(text: string, words: Readonly<Record<string, string | undefined>>): string | undefined {
  const [, count, word = ""] = /^\s*(\d+)\s*([a-z]+)\s*$/i.exec(text) ?? [];
  const start = Object.keys(words).find((known) => word.toLowerCase().startsWith(known));
  const unit = start === undefined ? undefined : words[start];
  return count === undefined || unit === undefined || Number(count) === 0 ? undefined : `${count}${unit}`;
}

function withHint(expected: string, meant: string | undefined): string {
  return meant === undefined ? expected : `${expected} (did you mean ${meant}?)`;
}

/** `14` → `14d, 14h or 14m`: a number says nothing of its unit. */
function inAnyUnit(input: unknown): string {
  const count = typeof input === "number" ? String(input) : typeof input === "string" ? input.trim() : "";
  const isCount = /^[1-9]\d{0,8}$/.test(count);
  return withHint(DURATION, isCount ? `${count}d, ${count}h or ${count}m` : undefined);
}

type Units = readonly (readonly [name: string, size: number])[];
const DURATION_UNITS: Units = [
  ["d", DAY_MS],
  ["h", HOUR_MS],
  ["m", MINUTE_MS],
  ["s", SECOND_MS],
  ["ms", 1],
];
const SIZE_UNITS: Units = [
  ["TB", 1e12],
  ["GB", 1e9],
  ["MB", 1e6],
  ["kB", 1e3],
  ["B", 1],
];

/** `14d` ↔ milliseconds. More than nothing: a limit of no time at all is a slip. */
export const durationSchema = z.codec(z.string({ error: ({ input }) => inAnyUnit(input) }), z.number(), {
  decode(text, context) {
    const parsed = parseDuration(text);
    if (parsed !== undefined && parsed > 0) return parsed;
    const known = inKnownUnit(text, DURATION_WORDS);
    const message =
      parsed === 0 ? NO_TIME : known === undefined ? inAnyUnit(text) : withHint(DURATION, known);
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  },
  encode: (ms) => inLargestUnit(ms, DURATION_UNITS),
});

/** `30s` ↔ milliseconds, and `0s` for at once. */
export const patienceSchema = z.codec(durationSchema.in, z.number(), {
  decode(text, context) {
    if (parseDuration(text) === 0) return 0;
    const parsed = durationSchema.safeDecode(text);
    if (parsed.success) return parsed.data;
    const message = parsed.error.issues[0]?.message ?? DURATION;
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  },
  encode: (ms) => (ms === 0 ? "0s" : durationSchema.encode(ms)),
});

/** `20GB` ↔ bytes. */
export const sizeSchema = z.codec(z.string({ error: SIZE }), z.number(), {
  decode(text, context) {
    const parsed = parseBytes(text);
    if (parsed !== undefined) return parsed;
    const message = withHint(SIZE, inKnownUnit(text, SIZE_WORDS));
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  },
  encode: (bytes) => inLargestUnit(bytes, SIZE_UNITS),
});

/** `2027-03-31` ↔ the instant at which that day is over, in UTC; a time of day may be given in full, with its zone. */
export const dateSchema = z.codec(z.string({ error: DATE }), z.number(), {
  decode(text, context) {
    const over = endOf(text);
    if (over !== undefined) return over;
    const message = /^\d{4}-\d{2}-\d{2}$/.test(text) ? "there is no such day" : DATE;
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  },
  encode: formatEnd,
});

/** The last day of a span that ends at an instant, or the very time where it ends within a day. */
export function formatEnd(end: Instant): string {
  const isEndOfDay = end % DAY_MS === 0;
  return isEndOfDay ? new Date(end - DAY_MS).toISOString().slice(0, 10) : new Date(end).toISOString();
}

function endOf(text: string): Instant | undefined {
  const [, day, time] =
    /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text) ?? [];
  const midnight = Date.parse(`${day}T00:00Z`);
  // `Date.parse` reads 2027-02-30 as the 2nd of March.
  if (day === undefined || Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day))
    return undefined;
  if (time === undefined) return midnight + DAY_MS;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** `50%` ↔ percent. */
export const shareSchema = z.codec(z.string({ error: SHARE }), z.number(), {
  decode(text, context) {
    const percent = /^\d{1,3}%$/.test(text) ? Number(text.slice(0, -1)) : 0;
    if (percent >= 1 && percent <= 100) return percent;
    context.issues.push({ code: "custom", message: SHARE, input: text });
    return z.NEVER;
  },
  encode: (percent) => `${percent}%`,
});

/** A glob over the whole name, or a regular expression after `^`. */
export const patternSchema = z.string({ error: "expected a pattern such as acme/*" }).check((context) => {
  const problem = patternProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: "custom", message: problem, input: context.value });
});

/** Patterns of which one must match. Empty would select nothing, so an empty list is a slip. */
export const selectingPatternsSchema = z
  .array(patternSchema)
  .min(1, "an empty list selects nothing; leave the key out or name a pattern");

/** Labels that must all match; values may be patterns. */
export const selectingLabelsSchema = z
  .record(z.string(), patternSchema)
  .refine((labels) => Object.keys(labels).length > 0, "an empty mapping selects nothing");

/** The name of a policy, a rule, a repository: it appears in keys, paths and file names. */
export const nameSchema = z.string({ error: NAME }).regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, NAME);

/** `1209600000` → `14d`: the whole number in the largest unit that divides it, so that nothing is rounded. */
function inLargestUnit(value: number, units: Units): string {
  const [name, size] = units.find(([, size]) => value % size === 0 && value >= size) ??
    units.at(-1) ?? ["", 1];
  return `${value / size}${name}`;
}
