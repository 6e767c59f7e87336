/** What people may write for a schedule, in a policy and in a configuration alike. */
import { suggest } from "@shipkeeper/kit";
import * as z from "zod";
import { minuteOfDay, weekdays } from "./windows.ts";
import { cronProblem, isTimezone, timezones } from "./cron.ts";

const CRON = `expected five fields (minute hour day month weekday) such as "0 3 * * *"`;

export const cronSchema = z.string({ error: CRON }).check((context) => {
  const problem = cronProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: "custom", message: problem, input: context.value });
});

export const timezoneSchema = z.string().check((context) => {
  if (isTimezone(context.value)) return;
  const meant = nearTimezone(context.value);
  const hint = meant === undefined ? " such as Europe/Vienna" : ` (did you mean ${meant}?)`;
  context.issues.push({ code: "custom", message: `expected a time zone${hint}`, input: context.value });
});

/** The cities must be near each other as words: most of a zone's name is its continent. */
function nearTimezone(name: string): string | undefined {
  const meant = suggest(name, timezones());
  if (meant === undefined) return undefined;
  return suggest(cityOf(name), [cityOf(meant)]) === undefined ? undefined : meant;
}

function cityOf(zone: string): string {
  return zone.slice(zone.lastIndexOf("/") + 1);
}

const DAYS = "expected days such as Mon-Fri or Sat,Sun";
const TIME = "expected a time of day such as 01:00";

const daysSchema = z.string({ error: DAYS }).refine((text) => weekdays(text) !== undefined, DAYS);
const timeSchema = z.string({ error: TIME }).refine((text) => minuteOfDay(text) !== undefined, TIME);

/** `{ days: Mon-Fri, from: "22:00", to: "04:00", timezone: Europe/Vienna }`; every key left out says "whole". */
export const windowSchema = z
  .strictObject({
    days: daysSchema.default("Mon-Sun"),
    from: timeSchema.refine((text) => text !== "24:00", TIME).default("00:00"),
    /** On the following day where it is earlier than `from`. */
    to: timeSchema.default("24:00"),
    timezone: timezoneSchema.default("UTC"),
  })
  .refine(({ from, to }) => from !== to, { message: "`from` and `to` are the same: it never opens" });

/** An empty list would never open. */
export const windowsSchema = z
  .array(windowSchema)
  .min(1, "an empty list never opens; leave the key out, or write [{}] for always");
