import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";
import { listed, matchesName, namesOf } from "./image-names.ts";

const evidence = z.object({ names: z.array(z.string()), allowed: z.array(z.string()) });
const MOST_NAMES = 10;

/**
 * An image that is from none of the allowed registries. One good name is enough: what was pulled from an allowed
 * registry stays good when somebody gives it a short name as well. One that was built here and never pushed has none.
 * CIS Docker Benchmark 4.2: only trusted base images, and all images from trusted sources.
 */
export const registryNotAllowed: Check<string[], z.infer<typeof evidence>> = {
  code: "registry-not-allowed",
  title: "image from a registry that is not allowed",
  severity: "high",
  limit: z.array(z.string()),
  evidence,
  needs: ["images"],
  image: (allowed, image) => judge(allowed, namesOf(image)),
  gate: (allowed, { reference }) => judge(allowed, [reference]),
  explain: ({ names, allowed }) =>
    `${names.length === 0 ? "has no name" : `is ${listed(names, "and")}`}, allowed are ${listed(allowed, "and")}`,
};

function judge(allowed: string[], names: string[]) {
  return matchesName(allowed, names) ? PASSED : failed({ names: names.slice(0, MOST_NAMES), allowed });
}
