import { instantSchema } from "@shipkeeper/model";
import type { ApiRoundDetail } from "@shipkeeper/protocol";
import { isStep } from "@shipkeeper/policy";
import type { HeldFact, WaitingRuleFact } from "./fleet-facts.ts";
import type { FactSource } from "./fact-source.ts";

/** Rules that are due once a night stand in one round of many. */
const ROUNDS_LOOKED_AT = 200;
const ROUNDS_A_PAGE = 25;

/** For each rule of each host the newest plan that it had: what that left alone. And what waits now. */
export async function gatherHeld(
  store: FactSource,
  nameOf: ReadonlyMap<string, string>,
): Promise<{ held: HeldFact[]; waitingRules: WaitingRuleFact[] }> {
  const held: HeldFact[] = [];
  const waitingRules: WaitingRuleFact[] = [];
  for (const [hostId, host] of nameOf) {
    const { plans, waiting } = await newestPlans(store, hostId);
    held.push(...plans.flatMap((plan) => heldIn(plan, host)));
    waitingRules.push(...waiting.map(({ policy, rule, why }) => ({ host, rule: `${policy}/${rule}`, why })));
  }
  return { held, waitingRules };
}

type Planned = ApiRoundDetail["planned"][number];

async function newestPlans({ rounds }: FactSource, hostId: string) {
  const plans = new Map<string, Planned>();
  let waiting: ApiRoundDetail["waiting"] | undefined;
  let missing = new Set<string>();
  let cursor: string | undefined;

  for (let seen = 0; seen < ROUNDS_LOOKED_AT; seen += ROUNDS_A_PAGE) {
    const page = await rounds.list({ host: hostId, sort: "-at", limit: ROUNDS_A_PAGE, cursor });
    for (const round of page.items) {
      if (waiting === undefined) {
        waiting = round.waiting;
        missing = new Set([...round.waiting, ...round.planned].map(keyOf));
      }
      const news = round.planned.filter((rule) => missing.has(keyOf(rule)));
      if (news.length === 0) continue;
      const detail = await rounds.find(round.id);
      for (const rule of detail?.planned ?? []) {
        if (missing.delete(keyOf(rule))) plans.set(keyOf(rule), rule);
      }
    }
    cursor = page.nextCursor;
    if (cursor === undefined || missing.size === 0) break;
  }
  return { plans: [...plans.values()], waiting: waiting ?? [] };
}

const keyOf = ({ policy, rule }: { readonly policy: string; readonly rule: string }): string =>
  `${policy}/${rule}`;

function heldIn({ kind: action, verdicts }: Planned, host: string): HeldFact[] {
  return verdicts
    .filter((verdict) => !isStep(verdict))
    .map(({ target, decision, reason, explanation }) => ({
      host,
      action,
      decision,
      why: reason.why,
      words: explanation,
      endsAt: decision === "wait" ? instantSchema.safeParse(reason["endsAt"]).data : undefined,
      target: { type: target.type, id: target.id, name: target.name },
      owner: target.owner,
    }));
}
