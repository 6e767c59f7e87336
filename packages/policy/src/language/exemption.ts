/**
 * What a policy exempts for a while, why, and who answers for it: the part that exceptions to rules and waivers of
 * findings share. None is without an end, so that what was meant for a week does not stay for years.
 */
import { DAY_MS, days, firstMatch, type Instant } from "@shipkeeper/kit";
import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { dateSchema, formatEnd, patternSchema } from "./values.ts";

const MATCH = "expected `image`, `container`, `volume`, `host` or several of them, each with a pattern";
const text = z.string().trim().min(1, "expected a text that is not empty");

/** What is exempted. Where several keys are given, all must match. */
export const exemptionMatchSchema = z
  .strictObject({
    /** A tag, a digest or a repository; of a container, those of its image. */
    image: patternSchema.optional(),
    container: patternSchema.optional(),
    volume: patternSchema.optional(),
    host: patternSchema.optional(),
  })
  .refine((match) => Object.keys(match).length > 0, MATCH);
export type ExemptionMatch = z.infer<typeof exemptionMatchSchema>;

/** The keys of every exemption as people write it. */
export const exemptionSource = {
  match: exemptionMatchSchema,
  reason: text,
  owner: text,
  /** The last day on which it holds. */
  until: dateSchema,
} as const;

/** The keys of every exemption in a bundle; from `until` on it is void. */
export const exemptionCompiled = {
  match: exemptionMatchSchema,
  reason: z.string(),
  owner: z.string(),
  until: instantSchema,
} as const;

/** All the names by which a thing can be exempted. */
export type ExemptibleThing = { readonly [Key in keyof ExemptionMatch]?: readonly string[] };

/** Whether every key of the match finds a name of its own; a thing that has no name of a kind is not matched by it. */
export function matchesExemption(match: ExemptionMatch, thing: ExemptibleThing): boolean {
  const keys = (["image", "container", "volume", "host"] as const).filter((key) => match[key] !== undefined);
  return (
    keys.length > 0 && keys.every((key) => firstMatch([match[key] ?? ""], thing[key] ?? []) !== undefined)
  );
}

/** As the message says it, too. */
const MOST_YEARS = 2;

/** What is wrong with the end of an exemption, or undefined where it lies ahead and not too far. */
export function endProblem(until: Instant, now: Instant): string | undefined {
  if (until <= now) return `ended ${formatEnd(until)}: renew it with a new date or remove it`;
  const latest = now + days(366 * MOST_YEARS);
  if (until > latest) {
    return `expected a date at most two years ahead (${formatEnd(latest - (latest % DAY_MS))} or before), got ${formatEnd(until)}`;
  }
  return undefined;
}
