import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });

/** Every reason that a backup plan gives, with the facts of its sentence. */
export const backupReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("no-restore-point").extend({ repository: z.string() }),
  why("due").extend({ repository: z.string(), lastAt: instantSchema, ageMs: z.number() }),

  // Not allowed.
  why("never-touch").extend({ by: z.string() }),
  why("repository-unknown").extend({ repository: z.string() }),

  // Kept as it is.
  why("not-selected"),
  exceptionReasonSchema,
  why("driver").extend({ driver: z.string() }),
  why("anonymous"),
]);
export type BackupReason = z.infer<typeof backupReasonSchema>;
