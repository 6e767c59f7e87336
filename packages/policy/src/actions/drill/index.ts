import type { ActionKind } from "../action.ts";
import { explainDrill, summarizeDrill } from "./explain.ts";
import { lookOften } from "./look-often.ts";
import { measureDrill } from "./outcome.ts";
import { planDrill } from "./plan.ts";
import { drillSpecSchema, type DrillSpec } from "./spec.ts";

export const drill: ActionKind<"drill", DrillSpec> = {
  kind: "drill",
  spec: drillSpecSchema,
  trigger: "scheduled",
  background: true,
  companionOnly: true,
  destructive: false,
  /** It looks often for what is due, because one run drills one dataset of however many. */
  schedule: ({ every }) => lookOften(every),
  plan: planDrill,
  explain: explainDrill,
  summarize: summarizeDrill,
  measure: measureDrill,
};
