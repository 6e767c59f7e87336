import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });
const ageMs = z.number();
/** A dataset is judged in each repository. */
const inRepository = { repository: z.string() };

/** Every reason that a plan of verification gives, with the facts of its sentence. */
export const verifyReasonSchema = z.discriminatedUnion("why", [
  // Steps on repositories.
  why("never-checked"),
  why("structure-due").extend({ ageMs }),
  why("never-read").extend({ subset: z.string() }),
  why("bytes-due").extend({ subset: z.string(), share: z.number() }),
  /** The last look found damage: the same is looked at again, to see whether it was mended. */
  why("found-damaged").extend({ ageMs, subset: z.string().optional() }),

  // Steps on datasets.
  why("never-compared").extend(inRepository),
  why("sample-due").extend({ ...inRepository, ageMs }),

  // Not now, or not at all.
  why("fresh").extend({ ageMs, nextAt: instantSchema, repository: z.string().optional() }),
  why("run-full").extend({ ...inRepository, most: z.number() }),
  why("empty"),
  why("repository-unknown"),
  why("never-touch").extend({ ...inRepository, by: z.string() }),
  exceptionReasonSchema.extend(inRepository),
  why("source-gone").extend(inRepository),
  why("no-source").extend(inRepository),
]);
export type VerifyReason = z.infer<typeof verifyReasonSchema>;
