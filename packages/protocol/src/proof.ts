import { proofSchema } from "@shipkeeper/policy";
import * as z from "zod";

/** One look at a rung of the verification ladder. Of two on the same rung, whatever their order, the later counts. */
export const proofEntrySchema = z.object({ kind: z.literal("proof"), proof: proofSchema });
