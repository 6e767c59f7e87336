import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });
const ms = z.number();

/** Every reason that a restart plan gives, with the facts of its sentence. */
export const restartReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("unhealthy").extend({ unhealthyForMs: ms, afterMs: ms, attempt: countSchema, attempts: countSchema }),

  // Not yet.
  why("confirming").extend({ unhealthyForMs: ms, afterMs: ms }),
  why("backing-off").extend({ failures: countSchema, nextAt: instantSchema }),
  why("verifying").extend({ triedAt: instantSchema, until: instantSchema }),

  // For people.
  why("budget-used").extend({ attempts: countSchema, perMs: ms }),

  // Not allowed.
  why("never-touch").extend({ by: z.string() }),
  why("auto-remove"),
  why("limit").extend({ limit: z.string(), most: countSchema }),

  // Left alone.
  why("not-selected"),
  exceptionReasonSchema,
  why("self"),
  why("orchestrated").extend({ by: z.string() }),
  why("not-running"),
  why("state").extend({ state: z.string() }),
  why("healthy"),
  why("starting"),
]);
export type RestartReason = z.infer<typeof restartReasonSchema>;
