import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });

/** What happens to containers meanwhile, by their names in the order in which it happens. */
const stillSchema = z.object({
  still: z.object({ how: z.enum(["pause", "stop", "hook"]), containers: z.array(z.string()) }).optional(),
});

/** Every reason that a backup plan gives, with the facts of its sentence. */
export const backupReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("no-restore-point").extend({ repository: z.string(), ...stillSchema.shape }),
  why("due").extend({
    repository: z.string(),
    lastAt: instantSchema,
    ageMs: z.number(),
    ...stillSchema.shape,
  }),

  // Not allowed.
  why("never-touch").extend({ by: z.string() }),
  why("bind-not-allowed"),
  why("repository-unknown").extend({ repository: z.string() }),
  why("hook-unknown").extend({ hook: z.string() }),
  why("container-protected").extend({ container: z.string(), by: z.string() }),
  why("container-is-self").extend({ container: z.string() }),
  why("container-managed").extend({
    container: z.string(),
    by: z.enum(["swarm", "kubernetes", "auto-remove"]),
  }),

  // Not yet.
  why("containers-unknown"),
  why("container-unsettled").extend({ container: z.string(), state: z.string() }),
  why("hook-homeless").extend({ hook: z.string() }),

  // Kept as it is.
  why("not-selected"),
  exceptionReasonSchema,
  why("driver").extend({ driver: z.string() }),
  why("anonymous"),
  why("no-data").extend({ what: z.enum(["socket", "of-the-kernel", "of-the-system", "of-the-engine"]) }),
  why("in-registry").extend({ digest: z.string() }),
  why("saved").extend({ repository: z.string(), at: instantSchema }),
]);
export type BackupReason = z.infer<typeof backupReasonSchema>;

const REFUSALS: ReadonlySet<string> = new Set<BackupReason["why"]>([
  "never-touch",
  "bind-not-allowed",
  "repository-unknown",
  "hook-unknown",
  "container-protected",
  "container-is-self",
  "container-managed",
]);
const WAITS: ReadonlySet<string> = new Set<BackupReason["why"]>([
  "containers-unknown",
  "container-unsettled",
  "hook-homeless",
]);

/** What a plan decides where it gives this reason and no step. */
export function idleDecision({ why }: BackupReason): "keep" | "refuse" | "wait" {
  return REFUSALS.has(why) ? "refuse" : WAITS.has(why) ? "wait" : "keep";
}
