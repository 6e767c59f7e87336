/** What people may write for a schedule, in a policy and in a configuration alike. */
import { suggest } from "@shipkeeper/kit";
import * as z from "zod";
import { cronProblem, isTimezone, timezones } from "./cron.ts";

const CRON = `expected five fields (minute hour day month weekday) such as "0 3 * * *"`;

export const cronSchema = z.string({ error: CRON }).check((context) => {
  const problem = cronProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: "custom", message: problem, input: context.value });
});

export const timezoneSchema = z.string().check((context) => {
  if (isTimezone(context.value)) return;
  const meant = suggest(context.value, timezones());
  const hint = meant === undefined ? " such as Europe/Vienna" : ` (did you mean ${meant}?)`;
  context.issues.push({ code: "custom", message: `expected a time zone${hint}`, input: context.value });
});
