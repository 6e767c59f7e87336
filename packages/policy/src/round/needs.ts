import { actionKind } from "../actions/catalog.ts";
import { rulesFor } from "../language/compile.ts";
import type { PolicyBundle } from "../language/policy.ts";
import type { Need } from "./outside.ts";
import type { Round } from "./round.ts";
import type { World } from "./world.ts";

/** What has to be looked at for the rules that a round planned, each thing once. */
export function needsOf(
  { planned }: Pick<Round, "planned">,
  world: Pick<World, "hostId" | "hostLabels">,
  bundle: PolicyBundle,
): Need[] {
  const found = rulesFor(bundle, world.hostLabels).flatMap(({ policy, rule }) => {
    if (!planned.some((one) => one.policy === policy.name && one.rule === rule.name)) return [];
    const kind = actionKind(rule.kind);
    if (kind?.needs === undefined) return [];
    const spec = kind.spec.safeParse(rule.spec);
    return spec.success ? kind.needs(spec.data, world) : [];
  });
  return [...new Map(found.map((need) => [JSON.stringify(need), need])).values()];
}
