import { countSchema, instantSchema, roundIdSchema } from "@shipkeeper/model";
import * as z from "zod";
import { verdictSchema } from "../actions/action.ts";
import { modeSchema } from "../language/policy.ts";

/** What one due rule came to in a round. */
export const plannedRuleSchema = z.object({
  policy: z.string(),
  rule: z.string(),
  kind: z.string(),
  /** The mode in force: the policy's, or `observe` where guardrails, expiry or the stop file say so. */
  mode: modeSchema,
  /** Why the mode is not the policy's own. */
  heldBackBy: z.string().optional(),
  verdicts: z.array(verdictSchema),
  /** The most that the run may free; absent where nothing limits it. */
  limitBytes: countSchema.optional(),
});
export type PlannedRule = z.infer<typeof plannedRuleSchema>;

/** A rule that was looked at and is not due, or cannot run. */
export const waitingRuleSchema = z.object({
  policy: z.string(),
  rule: z.string(),
  kind: z.string(),
  /** In words: `due 2030-01-31 03:00Z`. */
  why: z.string(),
});
export type WaitingRule = z.infer<typeof waitingRuleSchema>;

/** One pass over the rules of a host: what is planned, and what waits and why. */
export const roundSchema = z.object({
  id: roundIdSchema,
  at: instantSchema,
  /** Revision of the bundle that the round went by. */
  revision: z.int(),
  planned: z.array(plannedRuleSchema),
  waiting: z.array(waitingRuleSchema),
});
export type Round = z.infer<typeof roundSchema>;
