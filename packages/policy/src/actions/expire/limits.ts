import type { Container } from "@shipkeeper/model";
import { NOTHING_TODAY } from "../../round/step-counts.ts";
import type { World } from "../../round/world.ts";
import { counted, restOfDay, type Limit } from "../limits.ts";
import type { ExpireVerdict } from "./plan.ts";
import type { ExpireSpec } from "./spec.ts";

/** The limits on what one run stops and removes. To announce costs nothing. */
export function limitsOf({ limits }: ExpireSpec, world: World, rule: string): Limit<ExpireVerdict>[] {
  const { perRun, perDay } = world.guardrails.limits;
  const { lastDay, ruleDays } = world.ledger;
  const ofRule = ruleDays.get(rule) ?? NOTHING_TODAY;
  return [
    counted("limits.items", limits.items, touched),
    ...projectsOf(world.inventory.containers).flatMap((members) =>
      counted("limits.perProject", limits.perProject, (verdict: ExpireVerdict) =>
        members.has(verdict.target.id) ? touched(verdict) : 0,
      ),
    ),
    counted("limits.perDay.items", restOfDay(limits.perDay.items, ofRule.items), touched),
    counted("guardrails limits.perRun.containers", perRun.containers, touched),
    counted("guardrails limits.perDay.containers", restOfDay(perDay.containers, lastDay.containers), touched),
  ].flat();
}

function touched({ decision }: ExpireVerdict): number {
  return decision === "stop" || decision === "remove" ? 1 : 0;
}

/** The containers of each compose project, by their ids. */
function projectsOf(containers: readonly Container[]): ReadonlySet<string>[] {
  const composed = containers.filter(({ compose }) => compose !== undefined);
  return [...Map.groupBy(composed, ({ compose }) => compose?.project).values()].map(
    (members) => new Set(members.map(({ id }) => id)),
  );
}
