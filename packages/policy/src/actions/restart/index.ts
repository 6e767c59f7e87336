import type { ActionKind } from "../action.ts";
import { explainRestart, summarizeRestart } from "./explain.ts";
import { measureRestart } from "./outcome.ts";
import { planRestart } from "./plan.ts";
import { overlapOfRestarts, restartSpecSchema, type RestartSpec } from "./spec.ts";

export const restart: ActionKind<"restart", RestartSpec> = {
  kind: "restart",
  spec: restartSpecSchema,
  trigger: "continuous",
  destructive: false,
  plan: planRestart,
  overlap: overlapOfRestarts,
  explain: explainRestart,
  summarize: summarizeRestart,
  measure: measureRestart,
};
