import { firstMatch } from "@shipkeeper/kit";
import * as z from "zod";
import type { Labels } from "./ids.ts";
import { imageName } from "./image.ts";
import type { Inventory } from "./inventory.ts";

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

/** The inventory with the owner of every container, image and volume by these rules, and by no others. */
export function resolveOwners(inventory: Inventory, rules: OwnerRules): Inventory {
  // Most things keep the owner that they had: copying them all would cost more than everything else here.
  const owned = <T extends { labels: Labels; owner?: string | undefined }>(thing: T, names: string[]): T => {
    const owner = resolveOwner({ labels: thing.labels, names }, rules);
    return thing.owner === owner ? thing : { ...thing, owner };
  };
  return {
    ...inventory,
    images: inventory.images.map((image) =>
      owned(image, [imageName(image), ...image.tags, ...image.digests]),
    ),
    containers: inventory.containers.map((container) => owned(container, [container.name, container.image])),
    volumes: inventory.volumes.map((volume) => owned(volume, [volume.name])),
  };
}
