import { digestSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";

/** A list with more digests than this is refused whole: one that is cut off would no longer protect what it lacks. */
export const MOST_DIGESTS_IN_USE = 200_000;

/** How long a collector remembers what a host no longer holds. No policy may ask for longer. */
export const DIGESTS_REMEMBERED_DAYS = 100;

/** What the fleet holds, as digests that a registry knows. Whoever reads it may only keep more because of it. */
export const digestsInUseSchema = z.object({
  /** By the last word of some host that is enrolled, however long ago that was. */
  held: z.array(digestSchema).max(MOST_DIGESTS_IN_USE),
  /** No host holds these any more; with the last time, by the collector's clock, that one said it does. */
  left: z.array(z.tuple([digestSchema, instantSchema])).max(MOST_DIGESTS_IN_USE),
});
export type DigestsInUse = z.infer<typeof digestsInUseSchema>;
