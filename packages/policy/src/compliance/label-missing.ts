import type { Image } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";
import { listed } from "./image-names.ts";

const evidence = z.object({ missing: z.array(z.string()) });

/** An image without a label that says whose it is, where it comes from, and the like. An empty label says nothing. */
export const labelMissing: Check<string[], z.infer<typeof evidence>> = {
  code: "label-missing",
  title: "required label missing",
  severity: "low",
  limit: z.array(z.string()),
  evidence,
  needs: ["images"],
  image: judge,
  gate: (keys, { image }) => (image === undefined ? unknown("no host has it") : judge(keys, image)),
  explain: ({ missing }) => `lacks ${missing.length === 1 ? "label" : "labels"} ${listed(missing, "and")}`,
};

function judge(keys: string[], { labels }: Image) {
  const missing = keys.filter((key) => !Object.hasOwn(labels, key) || labels[key]?.trim() === "");
  return missing.length === 0 ? PASSED : failed({ missing });
}
