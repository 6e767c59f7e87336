import { incidentSchema } from "@shipkeeper/policy";
import * as z from "zod";

/** An incident as it stands since `at`, sent whole at every change: of two, whatever their order, the later counts. */
export const incidentEntrySchema = z.object({ kind: z.literal("incident"), ...incidentSchema.shape });
