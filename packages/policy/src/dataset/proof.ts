/** What showed that backups are good, or are not: one rung of the ladder that ends with a drill. */
import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";

/**
 * From what costs least to what proves most: the repository lists the restore point and it is plausible, the repository's
 * structure is whole, its bytes were read again, files were compared with their source, it was restored and worked.
 */
export const PROOF_LEVELS = ["listed", "structure", "bytes", "sample", "drill"] as const;
export type ProofLevel = (typeof PROOF_LEVELS)[number];

export const proofSchema = z.object({
  at: instantSchema,
  level: z.enum(PROOF_LEVELS),
  repository: z.string(),
  /** Absent where the repository as a whole was looked at. */
  dataset: z.string().optional(),
  restorePoint: z.string().optional(),
  passed: z.boolean(),
  /** What was wrong, for people. */
  message: z.string().optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export type Proof = z.infer<typeof proofSchema>;
