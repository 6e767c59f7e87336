import * as z from "zod";
import { durationSchema, patternSchema, shareSchema, sizeSchema } from "../../language/values.ts";

const EMPTY_LIST = "an empty list selects nothing; leave the key out or name a code";

/** Labels that spare what bears any of them; values may be patterns. */
const exceptLabelsSchema = z.record(z.string(), patternSchema).default({});

/** Which images a container could be rolled back to. */
const keepRollbackSchema = z.strictObject({
  /** So many images that it ran before the present one stay, whatever their age. 0 keeps none. */
  generations: z.int().min(0).default(2),
  /** More of them stay for this long after it ran them last. */
  within: durationSchema.prefault("14d"),
});

const imagesSchema = z.strictObject({
  /** No container used it for this long, as far as the agent's own memory goes. */
  unusedFor: durationSchema.optional(),
  /** It was built this long ago. With `unusedFor`, both must hold; with neither, only dangling images go. */
  olderThan: durationSchema.optional(),
  /** Nothing goes that came, was named or was used since. `images.ts` has the default. */
  minAge: durationSchema.optional(),
  /** So many of each repository stay, whatever their age. */
  keepNewest: z.int().min(0).default(0),
  keepRollback: keepRollbackSchema.prefault({}),
  /** Tags, digests or repositories that stay. */
  except: z.array(patternSchema).default([]),
  exceptLabels: exceptLabelsSchema,
  /** Whether images without any name go, as soon as no pull or build can be at work on them. */
  dangling: z.boolean().default(true),
});

const containersSchema = z.strictObject({
  /** Time since the container ended. */
  exitedFor: durationSchema,
  /** The same for those that failed: another exit code than 0, killed for want of memory, dead. */
  failedFor: durationSchema.optional(),
  /** Time since it was made, for those that never started. */
  neverStartedFor: durationSchema.optional(),
  /** Only containers that ended with one of these go. */
  exitCodes: z.array(z.int().min(0).max(255)).min(1, EMPTY_LIST).optional(),
  /** Also what somebody stopped and may start again. The guardrails must allow it, too. */
  includeStoppedServices: z.boolean().default(false),
  /** Names of containers that stay. */
  except: z.array(patternSchema).default([]),
  exceptLabels: exceptLabelsSchema,
});

const volumesSchema = z.strictObject({
  /** Time since the last container let go of it, as far as the agent's own memory goes. */
  orphanedFor: durationSchema.prefault("30d"),
  /** Volumes that people gave a name; without a pattern only anonymous ones go. The guardrails must allow it, too. */
  named: z.array(patternSchema).default([]),
  except: z.array(patternSchema).default([]),
  exceptLabels: exceptLabelsSchema,
});

const networksSchema = z.strictObject({
  /** No container was part of it for this long, as far as the agent's own memory goes. */
  unusedFor: durationSchema.prefault("7d"),
  except: z.array(patternSchema).default([]),
  exceptLabels: exceptLabelsSchema,
});

const buildCacheSchema = z.strictObject({
  /** No build used it for this long, by the engine's word. */
  unusedFor: durationSchema.prefault("14d"),
  /** So many bytes of what was used last stay, whatever their age. */
  keep: sizeSchema.optional(),
});

const pressureSchema = z
  .strictObject({
    /** How full the engine's disk is when images go that their age would keep. */
    above: shareSchema.prefault("85%"),
    /** How full it is when that ends. */
    downTo: shareSchema.prefault("80%"),
    /** The same mark for its inodes. */
    inodesAbove: shareSchema.optional(),
  })
  .refine(({ above, downTo, inodesAbove = 100 }) => downTo < above && downTo < inodesAbove, {
    message: "`downTo` must be lower than `above` and `inodesAbove`",
    path: ["downTo"],
  });

const limitsSchema = z.strictObject({
  items: z.int().min(1).default(200),
  bytes: sizeSchema.optional(),
  /** Percent of what the host has of a kind. Never fewer than `SMALL_HOST`. */
  share: shareSchema.prefault("50%"),
  /** What all runs of the rule may remove in 24 hours. */
  perDay: z.strictObject({ items: z.int().min(1).optional(), bytes: sizeSchema.optional() }).prefault({}),
});

const SECTIONS = ["images", "containers", "volumes", "networks", "buildCache"] as const;

export const pruneSpecSchema = z
  .strictObject({
    images: imagesSchema.optional(),
    containers: containersSchema.optional(),
    volumes: volumesSchema.optional(),
    networks: networksSchema.optional(),
    buildCache: buildCacheSchema.optional(),
    pressure: pressureSchema.optional(),
    limits: limitsSchema.prefault({}),
  })
  .refine((spec) => SECTIONS.some((section) => spec[section] !== undefined), {
    message: "selects nothing: it needs `images`, `containers`, `volumes`, `networks` or `buildCache`",
  });
export type PruneSpec = z.infer<typeof pruneSpecSchema>;

/** Prune rules select nothing: two of them see the same things, except containers of different exit codes. */
export function overlapOfPrunes(first: PruneSpec, second: PruneSpec): string | undefined {
  const codes = first.containers?.exitCodes;
  const apart =
    codes !== undefined && second.containers?.exitCodes?.every((code) => !codes.includes(code)) === true;
  const both = SECTIONS.filter(
    (section) =>
      first[section] !== undefined && second[section] !== undefined && !(section === "containers" && apart),
  );
  return both.length === 0 ? undefined : both.join(" and ");
}
