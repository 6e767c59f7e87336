import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code), repository: z.string() });
const age = { ageMs: z.number(), limitMs: z.number() };

/** Every reason that a retention plan gives, with the facts of its sentence. */
export const retainReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("expired").extend(age),
  why("gone").extend({ newestAgeMs: z.number(), ...age }),

  // Not allowed.
  why("repository-unknown"),
  why("not-listed").extend({ problem: z.string().optional() }),
  why("newest-suspicious").extend({ newest: z.string(), problem: z.string() }),
  why("damaged").extend({ problem: z.string() }),
  why("nothing-recent").extend({ newestAt: instantSchema, ...age }),

  // Not yet.
  why("limit").extend({ items: z.number() }),

  // Kept.
  why("append-only"),
  why("within").extend(age),
  // Also of a step.
  why("safety").extend(age),
  why("newest"),
  why("verified"),
  why("nothing-verified"),
  why("bucket").extend({ of: z.enum(["day", "week", "month", "year"]), from: instantSchema }),
  why("from-the-future").extend({ aheadMs: z.number() }),
]);
export type RetainReason = z.infer<typeof retainReasonSchema>;
