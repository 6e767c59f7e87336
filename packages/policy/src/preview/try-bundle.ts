/**
 * What a bundle would have a host do, if all its rules were due now. Planned by the very functions that an agent plans
 * with and judged by the same second opinion; nothing is acted on.
 */
import type { Instant } from "@shipkeeper/kit";
import { resolveOwners, type HostId, type Inventory, type RoundId } from "@shipkeeper/model";
import type { Trigger } from "../actions/action.ts";
import { ownersFor, policiesFor, ruleKey } from "../language/compile.ts";
import type { Policy, PolicyBundle } from "../language/policy.ts";
import { checkRound } from "../round/check-round.ts";
import { needsOf } from "../round/needs.ts";
import type { Need } from "../round/outside.ts";
import { planRound } from "../round/plan-round.ts";
import type { Round } from "../round/round.ts";
import { roundQuestion, type Standing } from "../round/standing.ts";

/** A host as it is known away from it. */
export interface KnownHost {
  readonly hostId: HostId;
  readonly inventory: Inventory;
  readonly standing: Standing;
}

export interface Trial {
  /** Scheduled and continuous rules together. */
  readonly round: Round;
  /** What the independent check finds wrong with the round: nothing, or planner and check disagree. */
  check(): string[];
  /** What an agent would look at beyond its host, and a trial cannot. */
  needs(): Need[];
  /** Those that select the host. */
  readonly policies: readonly Policy[];
  /** What the host holds, with the owners that these policies find. */
  readonly inventory: Inventory;
}

const TRIGGERS: readonly Trigger[] = ["scheduled", "continuous"];

export function tryBundle(
  bundle: PolicyBundle,
  { hostId, inventory, standing }: KnownHost,
  { now, roundId }: { now: Instant; roundId: RoundId },
): Trial {
  const policies = policiesFor(bundle, standing.hostLabels);
  const runNow = new Set(
    policies.flatMap(({ name, rules }) => rules.map((rule) => ruleKey(name, rule.name))),
  );
  const owned = resolveOwners(inventory, ownersFor(bundle, standing.hostLabels));
  const rounds = TRIGGERS.map((trigger) => {
    const asked = { bundle, trigger, now, hostId, inventory: owned, roundId, runNow };
    const question = roundQuestion(standing, asked);
    return { round: planRound(question), world: question.world };
  });
  return {
    round: {
      id: roundId,
      at: now,
      revision: bundle.revision,
      planned: rounds.flatMap(({ round }) => round.planned),
      waiting: rounds.flatMap(({ round }) => round.waiting),
    },
    check: () => rounds.flatMap(({ round, world }) => checkRound(round, world, bundle)),
    needs: () => rounds.flatMap(({ round, world }) => needsOf(round, world, bundle)),
    policies,
    inventory: owned,
  };
}
