import { instantSchema } from "@shipkeeper/model";
import { PROOF_LEVELS } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf, queryFlag } from "./page.ts";

/** One rung of the verification ladder: what passed last and what failed last. */
export const apiVerificationSchema = z
  .object({
    hostId: z.string(),
    host: z.string(),
    repository: z.string(),
    /** Absent where the repository as a whole was looked at. */
    dataset: z.string().optional(),
    level: z.enum(PROOF_LEVELS),
    /** Of the last look. */
    at: instantSchema,
    /** What the last look found. */
    passed: z.boolean(),
    passedAt: instantSchema.optional(),
    failedAt: instantSchema.optional(),
    /** What was wrong, or what the last look could not tell. */
    message: z.string().optional(),
    /** That was looked at last. */
    restorePoint: z.string().optional(),
    /** Of level `bytes`: when the one was read whose turn was longest ago. Absent until all were read once. */
    everyByteReadSince: instantSchema.optional(),
    /** Of level `bytes`: how much was read at least once, from 0 to 1. */
    shareRead: z.number().optional(),
  })
  .meta({ id: "Verification" });
export type ApiVerification = z.infer<typeof apiVerificationSchema>;

export const verificationsQuerySchema = listQuery(
  { sorts: ["at", "repository"], order: "-at" },
  {
    host: z.string().optional(),
    repository: z.string().optional(),
    dataset: z.string().optional(),
    level: z.enum(PROOF_LEVELS).optional(),
    /** Whether the last look found something bad. */
    failed: queryFlag.optional(),
  },
);
export type VerificationsQuery = z.infer<typeof verificationsQuerySchema>;
export const verificationsPageSchema = pageOf(apiVerificationSchema);
