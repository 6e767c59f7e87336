import { formatDuration } from "@shipkeeper/kit";
import { buildAgeMs } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";

const evidence = z.object({ ageMs: z.number(), limitMs: z.number() });

/**
 * An image in the cache that was built too long ago: it has none of the fixes since then, whether it was pulled a
 * minute or a year ago. Whose build time cannot be believed is unknown here and a finding of `image-age-unknown`.
 */
export const imageTooOld: Check<number, z.infer<typeof evidence>> = {
  code: "image-too-old",
  title: "image too old",
  severity: "medium",
  limit: z.number(),
  evidence,
  needs: ["images"],
  image: (limitMs, image, { now }) => judgeAge(buildAgeMs(image, now), limitMs),
  gate: (limitMs, { image }, now) =>
    image === undefined ? unknown("no host has it") : judgeAge(buildAgeMs(image, now), limitMs),
  explain: ({ ageMs, limitMs }) => `built ${formatDuration(ageMs)} ago (limit ${formatDuration(limitMs)})`,
};

function judgeAge(ageMs: number | undefined, limitMs: number) {
  if (ageMs === undefined) return unknown("no build time that can be believed");
  return ageMs <= limitMs ? PASSED : failed({ ageMs, limitMs });
}
