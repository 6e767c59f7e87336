import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";
import { signSchema } from "./sign.ts";

/** Of a sick container every reason tells its sign, and since when; of a well one none does. */
const sickness = { sign: signSchema.optional(), since: instantSchema.optional() };
const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code), ...sickness });
const evidence = { evidence: z.string() };
const ms = z.number();

/** Signs that a step of this kind may mend. */
const healableSignSchema = signSchema.extract(["unhealthy", "ghost", "probe-failed"]);
export type HealableSign = z.infer<typeof healableSignSchema>;

/** Every reason that a restart plan gives, with the facts of its sentence. */
export const restartReasonSchema = z.discriminatedUnion("why", [
  // Steps: by what sign.
  z.object({
    why: healableSignSchema,
    sign: healableSignSchema,
    since: instantSchema,
    ...evidence,
    attempt: countSchema,
    attempts: countSchema,
  }),

  // Not yet.
  why("confirming").extend(evidence),
  why("backing-off").extend({ failures: countSchema, nextAt: instantSchema }),
  why("verifying").extend({ triedAt: instantSchema, until: instantSchema }),

  // For people.
  why("budget-used").extend({ attempts: countSchema, perMs: ms }),
  why("crash-loop").extend(evidence),
  why("unkillable").extend(evidence),
  why("health-stale").extend(evidence),

  // Not allowed.
  why("never-touch").extend({ by: z.string() }),
  why("auto-remove"),
  why("limit").extend({ limit: z.string(), most: countSchema }),

  // Left alone.
  why("not-selected"),
  exceptionReasonSchema.extend(sickness),
  why("self"),
  why("orchestrated").extend({ by: z.string() }),
  why("not-running"),
  why("state").extend({ state: z.string() }),
  why("healthy"),
  why("starting"),
]);
export type RestartReason = z.infer<typeof restartReasonSchema>;
