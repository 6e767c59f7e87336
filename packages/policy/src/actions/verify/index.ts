import type { ActionKind } from "../action.ts";
import { explainVerify, summarizeVerify } from "./explain.ts";
import { measureVerify } from "./outcome.ts";
import { planVerify } from "./plan.ts";
import { looksEveryMs, verifySpecSchema, type VerifySpec } from "./spec.ts";

export const verify: ActionKind<"verify", VerifySpec> = {
  kind: "verify",
  spec: verifySpecSchema,
  trigger: "scheduled",
  background: true,
  companionOnly: true,
  destructive: false,
  schedule: (spec) => ({ everyMs: looksEveryMs(spec) }),
  plan: planVerify,
  explain: explainVerify,
  summarize: summarizeVerify,
  measure: measureVerify,
};
