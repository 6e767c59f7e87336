import type { ActionKind } from "../action.ts";
import { explainRetain, summarizeRetain } from "./explain.ts";
import { measureRetain } from "./outcome.ts";
import { planRetain, retainNeeds } from "./plan.ts";
import { retainSpecSchema, scheduleOfRetention, type RetainSpec } from "./spec.ts";

export const retain: ActionKind<"retain", RetainSpec> = {
  kind: "retain",
  spec: retainSpecSchema,
  trigger: "scheduled",
  background: true,
  companionOnly: true,
  destructive: true,
  schedule: scheduleOfRetention,
  needs: retainNeeds,
  plan: planRetain,
  explain: explainRetain,
  summarize: summarizeRetain,
  measure: measureRetain,
};
