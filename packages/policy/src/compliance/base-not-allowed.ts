import type { Image } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type BaseImage, type Check } from "./check.ts";
import { listed, matchesName, namesOf } from "./image-names.ts";

const evidence = z.object({ bases: z.array(z.string()), allowed: z.array(z.string()) });

/**
 * An image that is built on none of the allowed bases, neither directly nor through others. A base counts as built on
 * itself. Where nobody knows what an image is built on, that is a finding, too: a list of what is allowed means that
 * the rest is not. CIS Docker Benchmark 4.2.
 */
export const baseNotAllowed: Check<string[], z.infer<typeof evidence>> = {
  code: "base-not-allowed",
  title: "base image not allowed",
  severity: "medium",
  limit: z.array(z.string()),
  evidence,
  needs: ["images"],
  image: (allowed, image, host) => judge(allowed, image, host.basesOf(image)),
  gate: (allowed, { image, bases }) =>
    image === undefined ? unknown("no host has it") : judge(allowed, image, bases),
  explain: ({ bases, allowed }) =>
    `${bases.length === 0 ? "nobody knows what it is built on" : `built on ${listed(bases, "and")}`}, ` +
    `allowed are ${listed(allowed, "and")}`,
};

function judge(allowed: string[], image: Image, bases: readonly BaseImage[]) {
  const ancestry = [...namesOf(image), ...bases.flatMap(({ names }) => names)];
  if (matchesName(allowed, ancestry)) return PASSED;
  return failed({ bases: bases.flatMap(({ names }) => names.slice(0, 1)), allowed });
}
