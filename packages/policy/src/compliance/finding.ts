/** What judging a host brings: what should not be so, and how many things were looked at. */
import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import { targetSchema } from "../actions/action.ts";
import { explainOther } from "../actions/explain-other.ts";
import { exemptionCompiled } from "../language/exemption.ts";
import { complianceCheck } from "./catalog.ts";
import { evidenceSchema, severitySchema } from "./check.ts";

/** The waiver of a finding. */
export const waivedSchema = z.object(exemptionCompiled);

export const findingSchema = z.object({
  /** A check of the catalog. One thing has at most one finding of a check. */
  check: z.string(),
  severity: severitySchema,
  /** What it is about, and who answers for that. */
  subject: targetSchema,
  evidence: evidenceSchema,
  /** The policy whose rule it breaks; the first of several. */
  policy: z.string(),
  /** Present while every policy whose rule it breaks waives it. */
  waived: waivedSchema.optional(),
});
export type Finding = z.infer<typeof findingSchema>;

/** How one owner's things did in one check. `checked` is `passed` and failed together; `passed` has the waived in it. */
export const tallySchema = z.object({
  check: z.string(),
  severity: severitySchema,
  /** Absent: things that nobody answers for. */
  owner: z.string().optional(),
  checked: countSchema,
  passed: countSchema,
  waived: countSchema,
  /** Things that could not be judged; they are not among the checked. */
  unknown: countSchema,
});
export type Tally = z.infer<typeof tallySchema>;

/** The evidence in words; for a check that this version does not know, its code and facts. */
export function explainFinding({ check, evidence }: Pick<Finding, "check" | "evidence">): string {
  const known = complianceCheck(check);
  const facts = known?.evidence.safeParse(evidence);
  if (known === undefined || facts?.success !== true) return explainOther({ why: check, ...evidence });
  return known.explain(facts.data);
}
