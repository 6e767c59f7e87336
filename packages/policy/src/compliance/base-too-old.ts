import { formatDuration, type Instant } from "@shipkeeper/kit";
import { buildAgeMs } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type BaseImage, type Check } from "./check.ts";

const evidence = z.object({ base: z.string(), ageMs: z.number(), limitMs: z.number() });

/** An image that was built on an old base: built yesterday, and still without the fixes of the operating system. */
export const baseTooOld: Check<number, z.infer<typeof evidence>> = {
  code: "base-too-old",
  title: "base image too old",
  severity: "medium",
  limit: z.number(),
  evidence,
  needs: ["images"],
  image: (limitMs, image, host) => judge(limitMs, host.basesOf(image), host.now),
  gate: (limitMs, { image, bases }, now) =>
    image === undefined ? unknown("no host has it") : judge(limitMs, bases, now),
  explain: ({ base, ageMs, limitMs }) =>
    `built on ${base}, which was built ${formatDuration(ageMs)} ago (limit ${formatDuration(limitMs)})`,
};

/** The closest base counts: what that one is built on in turn is its own matter. */
function judge(limitMs: number, [base]: readonly BaseImage[], now: Instant) {
  if (base === undefined) return unknown("nobody knows what it is built on");
  const ageMs = buildAgeMs(base, now);
  if (ageMs === undefined) return unknown("nobody knows when its base was built");
  return ageMs <= limitMs
    ? PASSED
    : failed({ base: base.names[0] ?? "an image without a name", ageMs, limitMs });
}
