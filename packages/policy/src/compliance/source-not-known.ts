import { firstMatch } from "@shipkeeper/kit";
import type { Image } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";
import { listed } from "./image-names.ts";

const evidence = z.object({ says: z.string(), allowed: z.array(z.string()) });

/**
 * An image that was not built from a known source, by its label `org.opencontainers.image.source`. The label is the
 * builder's word: it finds what was forgotten, not what was forged. Without it, or where an image inherited it from
 * its base, the source is not known.
 */
export const sourceNotKnown: Check<string[], z.infer<typeof evidence>> = {
  code: "source-not-known",
  title: "image not from a known source",
  severity: "medium",
  limit: z.array(z.string()),
  evidence,
  needs: ["images"],
  image: judge,
  gate: (allowed, { image }) => (image === undefined ? unknown("no host has it") : judge(allowed, image)),
  explain: ({ says, allowed }) =>
    `${says === "" ? "does not say what it was built from" : `built from ${says}`}, known are ${listed(allowed, "and")}`,
};

function judge(allowed: string[], { source = "" }: Image) {
  return source !== "" && firstMatch(allowed, [source]) !== undefined
    ? PASSED
    : failed({ says: source, allowed });
}
