import { firstMatch } from "@shipkeeper/kit";
import * as z from "zod";
import type { Labels } from "./ids.ts";

/** One owner of a policy's owner map: what is theirs by name, and how to reach them. */
export const ownerSchema = z.object({
  match: z.array(z.string()),
  mail: z.string().optional(),
  chat: z.string().optional(),
});

/** How things find their owner: the first of the label keys that is set, then the patterns of the map. */
export const ownerRulesSchema = z.object({
  labels: z.array(z.string()),
  map: z.record(z.string(), ownerSchema),
});
export type OwnerRules = z.infer<typeof ownerRulesSchema>;

export const NO_OWNER_RULES: OwnerRules = { labels: [], map: {} };

/**
 * Who answers for a thing, or undefined where nobody does, which is a finding.
 * `names` are all the names that it goes by: image tags, container name, image of the container.
 */
export function resolveOwner(
  thing: { labels: Labels; names: readonly string[] },
  rules: OwnerRules,
): string | undefined {
  for (const key of rules.labels) {
    const owner = thing.labels[key]?.trim();
    if (owner !== undefined && owner !== "") return owner;
  }
  return Object.entries(rules.map).find(
    ([, owner]) => firstMatch(owner.match, thing.names) !== undefined,
  )?.[0];
}
