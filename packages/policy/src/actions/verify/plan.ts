/**
 * What of a backup rule's repositories and datasets is looked at again. Owns the choice and its rhythm; how a repository
 * is read, and what is found there, is not known here. What was proven stands in the ledger, whoever proved it: two rules
 * with the same repository do not check it twice.
 */
import { ruleKey } from "../../language/compile.ts";
import type { World } from "../../round/world.ts";
import type { Plan } from "../action.ts";
import { planDatasets } from "./datasets.ts";
import { planRepository } from "./repositories.ts";
import type { VerifySpec } from "./spec.ts";

export function planVerify(spec: VerifySpec, world: World, rule: string): Plan {
  const repositories = [...new Set(spec.to)].map((repository) => planRepository(spec, world, repository));
  const [policy = ""] = rule.split("/");
  const datasets = planDatasets(spec, world, ruleKey(policy, spec.of));
  // What is quick goes first: a run that is cut short has then done most of what was due.
  const order = ["check-structure", "sample", "read-subset"];
  const rank = (decision: string) => order.indexOf(decision);
  const steps = [...repositories, ...datasets].filter(({ decision }) => order.includes(decision));
  const idle = [...repositories, ...datasets].filter(({ decision }) => !order.includes(decision));
  return {
    kind: "verify",
    verdicts: [...steps.toSorted((a, b) => rank(a.decision) - rank(b.decision)), ...idle],
  };
}
