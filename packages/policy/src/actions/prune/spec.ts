import * as z from "zod";
import { durationSchema, patternSchema, shareSchema, sizeSchema } from "../../language/values.ts";

const imagesSchema = z.strictObject({
  /** No container used it for this long, as far as the agent's own memory goes. */
  unusedFor: durationSchema.optional(),
  /** It was built this long ago. With `unusedFor`, both must hold; with neither, only dangling images go. */
  olderThan: durationSchema.optional(),
  /** So many of each repository stay, whatever their age. */
  keepNewest: z.int().min(0).default(0),
  /** Tags, digests or repositories that stay. */
  except: z.array(patternSchema).default([]),
  /** Whether images without any name go, as soon as no pull or build can be at work on them. */
  dangling: z.boolean().default(true),
});

const containersSchema = z.strictObject({
  /** Time since the container ended; since it was made, where it never started. */
  exitedFor: durationSchema,
  /** Names of containers that stay. */
  except: z.array(patternSchema).default([]),
});

const limitsSchema = z.strictObject({
  items: z.int().min(1).default(200),
  bytes: sizeSchema.optional(),
  /** Percent of the images, and of the containers, that the host has. Never fewer than `SMALL_HOST`. */
  share: shareSchema.prefault("50%"),
});

export const pruneSpecSchema = z
  .strictObject({
    images: imagesSchema.optional(),
    containers: containersSchema.optional(),
    limits: limitsSchema.prefault({}),
  })
  .refine(({ images, containers }) => images !== undefined || containers !== undefined, {
    message: "selects nothing: it needs `images`, `containers` or both",
  });
export type PruneSpec = z.infer<typeof pruneSpecSchema>;
