import type { ActionKind } from "../action.ts";
import { explainPrune, summarizePrune } from "./explain.ts";
import { measurePrune } from "./outcome.ts";
import { planPrune } from "./plan.ts";
import { pressedDisk } from "./pressure.ts";
import { overlapOfPrunes, pruneSpecSchema, type PruneSpec } from "./spec.ts";

export const prune: ActionKind<"prune", PruneSpec> = {
  kind: "prune",
  spec: pruneSpecSchema,
  trigger: "scheduled",
  destructive: true,
  plan: planPrune,
  overlap: overlapOfPrunes,
  urgent: (spec, world) => pressedDisk(spec, world) !== undefined,
  explain: explainPrune,
  summarize: summarizePrune,
  measure: measurePrune,
};
