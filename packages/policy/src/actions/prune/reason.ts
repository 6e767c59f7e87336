import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";
import { limitReasonSchema } from "../limits.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });
const ms = z.number();

/** A full disk takes what its age would have kept. Shares are in percent. */
export const pressureReasonSchema = why("pressure").extend({
  unusedForMs: ms,
  usedShare: z.number(),
  downTo: z.number(),
  countsInodes: z.boolean(),
});

/** Every reason that a prune plan gives, with the facts of its sentence. */
export const pruneReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("unused").extend({ unusedForMs: ms, limitMs: ms }),
  why("old").extend({ ageMs: ms, limitMs: ms }),
  why("unused-and-old").extend({ unusedForMs: ms, ageMs: ms }),
  why("dangling"),
  why("exited").extend({ exitedForMs: ms, limitMs: ms, exitCode: z.int().optional() }),
  why("failed").extend({
    exitedForMs: ms,
    limitMs: ms,
    exitCode: z.int().optional(),
    outOfMemory: z.boolean().optional(),
  }),
  why("never-started").extend({ ageMs: ms, limitMs: ms }),
  pressureReasonSchema,
  why("orphaned").extend({ orphanedForMs: ms, limitMs: ms }),

  // Handed over.
  why("pressure-unresolved").extend({
    usedShare: z.number(),
    consumers: z.array(z.object({ what: z.string(), bytes: countSchema })),
  }),

  // Not this time, or not allowed.
  why("inventory-incomplete").extend({ section: z.string() }),
  why("not-allowed").extend({ by: z.string() }),
  limitReasonSchema,

  // Kept, images and containers.
  why("not-in-rule"),
  why("never-touch").extend({ by: z.string() }),
  exceptionReasonSchema,
  why("excepted").extend({ by: z.string() }),
  why("age-unknown"),
  why("not-local").extend({ driver: z.string() }),

  // Kept images.
  why("in-use").extend({ by: z.string() }),
  why("parent-of").extend({ image: z.string() }),
  why("newest-of-repository").extend({ repository: z.string(), keepNewest: countSchema }),
  why("rollback-of").extend({ container: z.string(), ranMsAgo: ms }),
  why("not-remembered"),
  why("just-arrived").extend({ unusedForMs: ms, limitMs: ms }),
  why("used-recently").extend({ unusedForMs: ms, limitMs: ms }),
  why("too-young").extend({ ageMs: ms, limitMs: ms }),
  why("dangling-off"),
  why("named"),

  // Kept containers.
  why("self"),
  why("state").extend({ state: z.string() }),
  why("orchestrated").extend({ by: z.string() }),
  why("auto-remove"),
  why("stopped-service").extend({ restartPolicy: z.string(), service: z.string().optional() }),
  why("network-of").extend({ container: z.string() }),
  why("exit-code").extend({ exitCode: z.int().optional() }),
  why("ended-recently").extend({ exitedForMs: ms, limitMs: ms }),

  // Kept networks.
  why("predefined"),
  why("attachable"),
  why("project-of").extend({ project: z.string() }),

  // Kept volumes.
  why("named-volume"),
  why("orphaned-recently").extend({ orphanedForMs: ms, limitMs: ms }),
  why("no-restore-point").extend({ orphanedForMs: ms }),

  // Kept build cache.
  why("build-under-way").extend({ by: z.string() }),
  why("reserved").extend({ keepBytes: countSchema }),
  why("shared"),
  why("needed-by").extend({ record: z.string() }),
]);
export type PruneReason = z.infer<typeof pruneReasonSchema>;
