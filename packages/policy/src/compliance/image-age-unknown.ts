import { formatInstant } from "@shipkeeper/kit";
import { buildAgeMs } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";

const evidence = z.object({ says: z.string() });

/**
 * An image whose build time is missing, in the future or before Docker existed, where a policy limits the age of images:
 * reproducible builds write 1970, broken ones year 1. Not known to be old, and not known to be young either.
 */
export const imageAgeUnknown: Check<true, z.infer<typeof evidence>> = {
  code: "image-age-unknown",
  title: "image of unknown age",
  severity: "low",
  limit: z.literal(true),
  evidence,
  needs: ["images"],
  image(_, image, { now }) {
    if (buildAgeMs(image, now) !== undefined) return PASSED;
    return failed({ says: image.createdAt === undefined ? "nothing" : formatInstant(image.createdAt) });
  },
  explain: ({ says }) => `no build time that can be believed: it says ${says}`,
};
