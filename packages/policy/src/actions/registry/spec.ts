import { days } from "@shipkeeper/kit";
import * as z from "zod";
import {
  durationSchema,
  nameSchema,
  patternSchema,
  selectingPatternsSchema,
  shareSchema,
} from "../../language/values.ts";

/** The collector remembers for 100 days what a host no longer holds. */
const MOST_USED_WITHIN_DAYS = 90;

export const registrySpecSchema = z.strictObject({
  /** A registry by the name that the host's own configuration gives it. */
  at: nameSchema,
  /** The one host whose agent acts: its name, or its id where two hosts share a name. */
  host: z.string().min(1, "expected the name of the host whose agent acts"),
  /** Patterns of repositories: `acme/*`. */
  repositories: selectingPatternsSchema,
  /** Patterns of `repository:tag`, repositories or digests that stay. */
  except: z.array(patternSchema).default([]),
  olderThan: durationSchema,
  /** A registry does not tell when an image was pushed: that counts from when the agent first saw it. */
  by: z.enum(["pushed", "created"]).default("pushed"),
  /** So many images of each repository stay, whatever their age. Only 0 lets a repository become empty. */
  keepNewest: z.int().min(0).default(10),
  /** What a host of the fleet held within this time stays. */
  keepUsedWithin: durationSchema
    .refine((ms) => ms <= days(MOST_USED_WITHIN_DAYS), `expected at most ${MOST_USED_WITHIN_DAYS}d`)
    .prefault("30d"),
  /** What lost its last tag this long ago goes, too. Without it, that stays. */
  untaggedFor: durationSchema.optional(),
  limits: z
    .strictObject({
      /** Manifests that one run deletes. */
      items: z.int().min(1).default(100),
      /** Percent of the tags of each repository. Never fewer than one. */
      share: shareSchema.prefault("30%"),
      perDay: z.strictObject({ items: z.int().min(1).optional() }).prefault({}),
    })
    .prefault({}),
});
export type RegistrySpec = z.infer<typeof registrySpecSchema>;

/** Both in one registry, with a pattern in common. */
export function overlapOfRegistries(first: RegistrySpec, second: RegistrySpec): string | undefined {
  if (first.at !== second.at) return undefined;
  const pattern = first.repositories.find((one) => second.repositories.includes(one));
  return pattern === undefined ? undefined : `${pattern} in registry ${first.at}`;
}
