import type { ActionKind } from "../action.ts";
import { lookOften } from "../drill/look-often.ts";
import { measureDrill } from "../drill/outcome.ts";
import { explainRebuild, summarizeRebuild } from "./explain.ts";
import { planRebuild } from "./plan.ts";
import { misfitOfRebuild, overlapOfRebuilds, rebuildSpecSchema, type RebuildSpec } from "./spec.ts";

export const rebuild: ActionKind<"rebuild", RebuildSpec> = {
  kind: "rebuild",
  spec: rebuildSpecSchema,
  trigger: "scheduled",
  background: true,
  destructive: false,
  schedule: ({ drill }) => lookOften(drill.every),
  misfit: misfitOfRebuild,
  plan: planRebuild,
  overlap: overlapOfRebuilds,
  explain: explainRebuild,
  summarize: summarizeRebuild,
  /** A drill as any other: passed or failed, and how long it took. */
  measure: measureDrill,
};
