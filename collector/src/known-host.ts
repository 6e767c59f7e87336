/** What the collector was told of a host, as what planners ask for, or why it is not enough. */
import { standingSchema, type KnownHost } from "@shipkeeper/policy";
import type { PlanningFacts } from "./store/planning-facts.ts";

export function knownHost({
  hostId,
  agentVersion,
  ...facts
}: PlanningFacts): KnownHost | { readonly why: string } {
  const { inventory } = facts;
  if (inventory === undefined) return { why: "it has not sent an inventory yet" };
  if (facts.standing === undefined) {
    return { why: `its agent (${agentVersion}) has not told its ledger and guardrails yet` };
  }
  const standing = standingSchema.safeParse(facts.standing);
  if (standing.success) return { hostId, inventory, standing: standing.data };
  const [issue] = standing.error.issues;
  const where = issue?.path.join(".") ?? "";
  return {
    why: `this collector cannot read the ledger and guardrails of its agent (${agentVersion}): ${where}: ${issue?.message ?? ""}`,
  };
}
