import type { ActionKind } from "../action.ts";
import { explainRegistry, summarizeRegistry } from "./explain.ts";
import { measureRegistry } from "./outcome.ts";
import { planRegistry, registryNeeds } from "./plan.ts";
import { overlapOfRegistries, registrySpecSchema, type RegistrySpec } from "./spec.ts";

export const registry: ActionKind<"registry", RegistrySpec> = {
  kind: "registry",
  spec: registrySpecSchema,
  trigger: "scheduled",
  destructive: true,
  needs: registryNeeds,
  plan: planRegistry,
  overlap: overlapOfRegistries,
  explain: explainRegistry,
  summarize: summarizeRegistry,
  measure: measureRegistry,
};
