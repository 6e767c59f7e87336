/** What a compiled policy says about compliance: checks with their limits, and waivers of what they find. */
import * as z from "zod";
import { exemptionCompiled } from "../language/exemption.ts";
import { severitySchema } from "./check.ts";

export const checkRuleSchema = z.strictObject({
  /** A check of the catalog. */
  check: z.string(),
  severity: severitySchema,
  /** Decoded by the check's own schema. */
  limit: z.unknown(),
});
export type CheckRule = z.infer<typeof checkRuleSchema>;

/** Findings of one check that are accepted until a date. */
export const waiverSchema = z.strictObject({ finding: z.string(), ...exemptionCompiled });
export type Waiver = z.infer<typeof waiverSchema>;
