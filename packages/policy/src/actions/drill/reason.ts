import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });
const chosen = { repository: z.string(), on: z.string().optional() };
const lastTime = { lastAt: instantSchema, ageMs: z.number() };

/** Every reason that a drill plan gives, with the facts of its sentence. */
export const drillReasonSchema = z.discriminatedUnion("why", [
  // Steps. `on` is the container that is tried out on what was restored.
  why("never-drilled").extend(chosen),
  why("due").extend({ ...chosen, ...lastTime }),
  why("failed-last").extend({ ...chosen, ...lastTime }),

  // Not allowed, or not possible.
  why("repository-unknown").extend({ repository: z.string() }),
  why("no-restore-point"),

  // Not yet.
  why("one-at-a-time").extend({ first: z.string() }),
  why("no-room").extend({ needBytes: z.number(), freeBytes: z.number() }),

  // Kept as it is.
  why("drilled").extend({ ...lastTime, everyMs: z.number() }),
  why("failed").extend({ ...lastTime, againMs: z.number() }),
  why("kind").extend({ kind: z.string() }),
  /** Only a database that takes it can prove a dump, and something is missing for that. */
  why("dump").extend({ hook: z.string(), lacks: z.enum(["start", "restore", "container"]) }),
  exceptionReasonSchema,
]);
export type DrillReason = z.infer<typeof drillReasonSchema>;
