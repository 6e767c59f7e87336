import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";
import { limitReasonSchema } from "../limits.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });
const ms = z.number();

/** Every reason that an expiry plan gives, with the facts of its sentence. */
export const expireReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("ends-soon").extend({ bornAt: instantSchema, ageMs: ms, limitMs: ms, endsAt: instantSchema }),
  why("expired").extend({ ageMs: ms, limitMs: ms, announcedAt: instantSchema }),
  why("kept-long-enough").extend({ stoppedForMs: ms, limitMs: ms }),

  // Not yet.
  why("announced").extend({ announcedAt: instantSchema, endsAt: instantSchema }),
  why("grace").extend({ toldEnd: instantSchema, endsAt: instantSchema }),
  limitReasonSchema,

  // Not allowed.
  why("inventory-incomplete").extend({ section: z.string() }),
  why("never-touch").extend({ by: z.string() }),
  why("orchestrated").extend({ by: z.string() }),
  why("database").extend({ by: z.string() }),
  why("auto-remove"),
  why("restart-always"),
  why("guest").extend({ container: z.string() }),

  // Left alone.
  exceptionReasonSchema,
  why("not-selected"),
  why("label-unreadable").extend({ label: z.string() }),
  why("self"),
  why("state").extend({ state: z.string() }),
  why("not-running"),
  why("age-unknown"),
  why("young").extend({ ageMs: ms, limitMs: ms }),
  why("kept-stopped").extend({ stoppedAt: instantSchema, removedFrom: instantSchema.optional() }),
]);
export type ExpireReason = z.infer<typeof expireReasonSchema>;
