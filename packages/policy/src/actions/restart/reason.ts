import { countSchema, inventorySectionSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { loadSchema, touchSchema } from "../../round/signals.ts";
import { exceptionReasonSchema } from "../exception.ts";
import { signSchema } from "./sign.ts";

/** Of a sick container every reason tells its sign, and since when; of a well one none does. */
const sickness = { sign: signSchema.optional(), since: instantSchema.optional() };
const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code), ...sickness });
const evidence = { evidence: z.string() };
const until = { until: instantSchema };
const ms = z.number();
const cap = { most: countSchema, perMs: ms, nextAt: instantSchema };

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
    /** Its budget is used up, and this is one of few tries that are made all the same. */
    later: z.boolean(),
    /** How long it may take to stop. */
    stopTimeoutSeconds: countSchema,
  }),

  // Not yet, for want of patience.
  why("confirming").extend(evidence),
  why("verifying").extend({ triedAt: instantSchema, ...until }),
  why("backing-off").extend({ failures: countSchema, nextAt: instantSchema }),
  why("host-cap").extend(cap),
  why("image-cap").extend(cap),

  // Not yet, for the sake of others.
  why("cannot-see").extend({ section: inventorySectionSchema }),
  why("engine-came-up").extend({ upSince: instantSchema, ...until }),
  why("host-came-up").extend({ upSince: instantSchema, ...until }),
  why("maintenance").extend({ because: z.string(), ...until }),
  why("busy").extend({ work: z.string() }),
  why("touched").extend({ what: touchSchema.shape.what, at: instantSchema, ...until }),
  why("start-period").extend(until),
  why("dependency").extend({
    root: z.object({ id: z.string(), name: z.string() }),
    rootIs: z.enum(["sick", "not-running", "starting", "recovered"]),
    until: instantSchema.optional(),
  }),
  why("host-storm").extend({ sick: countSchema, of: countSchema }),
  why("host-pressure").extend({ what: loadSchema.keyof(), value: z.number(), limit: z.number() }),
  why("fleet-storm").extend({ hosts: countSchema }),

  // For people.
  why("budget-used").extend({ attempts: countSchema, perMs: ms, againAt: instantSchema.optional() }),
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
