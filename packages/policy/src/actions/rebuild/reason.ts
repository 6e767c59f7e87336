import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });
const lastTime = { lastAt: instantSchema, ageMs: z.number() };

/** Every reason that the plan of rebuilding a host gives, with the facts of its sentence. */
export const rebuildReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("never-rebuilt").extend({ repository: z.string() }),
  why("due").extend({ repository: z.string(), ...lastTime }),
  why("failed-last").extend({ repository: z.string(), ...lastTime }),

  // Not possible.
  why("repository-unknown").extend({ repository: z.string() }),
  /** A host that is lost cannot rebuild itself. */
  why("itself"),

  // Kept as it is.
  why("rebuilt").extend({ ...lastTime, everyMs: z.number() }),
  why("failed").extend({ ...lastTime, againMs: z.number() }),
  exceptionReasonSchema,
]);
export type RebuildReason = z.infer<typeof rebuildReasonSchema>;
