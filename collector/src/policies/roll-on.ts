/** Takes the newest revision of the policies from ring to ring, or halts it. What is right is judged in `judge-rollout.ts`. */
import { MINUTE_MS, SECOND_MS, unreachable, type Clock } from "@shipkeeper/kit";
import { ringsOfBundle } from "@shipkeeper/policy";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import type { Store } from "../store/store.ts";
import { judgeRollout } from "./judge-rollout.ts";
import type { PolicyDesk } from "./policy-desk.ts";

/** Who halted it, where nobody did. */
export const BY_ITSELF = "the rollout itself";
const RETRY_MS = 5 * SECOND_MS;
/** So many looks at each ring while it bakes, at least one in so long. */
const LOOKS_A_RING = 20;
const MOST_PAUSE_MS = 15 * SECOND_MS;

export interface RolloutDeps {
  readonly store: Store;
  readonly policyDesk: Pick<PolicyDesk, "halt" | "wakeAll" | "onPush">;
  readonly now: Clock;
  readonly log: Logger;
}

/** One look at the newest revision; true while there is something to look after. */
export function rollOn({ store, policyDesk, now, log }: RolloutDeps): boolean {
  const rollout = store.rollouts.newest();
  const bundle = rollout === undefined ? undefined : store.policies.bundleOf(rollout.revision)?.bundle;
  if (rollout?.state !== "running" || bundle === undefined) return false;
  const { revision } = rollout;

  const { next } = judgeRollout(bundle, rollout, store.rollouts.hostFacts(revision, now()), now());
  switch (next.step) {
    case "wait":
      return true;
    case "halt":
      log.error({ revision, reasons: next.reasons }, "the rollout of a policy is halted");
      policyDesk.halt(revision, { at: now(), by: BY_ITSELF, reasons: next.reasons });
      return false;
    case "advance":
      log.info({ revision, ring: next.ring }, "the rollout of a policy goes on to the next ring");
      store.rollouts.advance(revision, next.ring, now());
      policyDesk.wakeAll();
      return true;
    case "finish":
      log.info({ revision }, "the rollout of a policy is done");
      store.rollouts.finish(revision);
      return false;
    default:
      return unreachable(next);
  }
}

export function startRollouts(deps: RolloutDeps): Service {
  const { store, policyDesk, log } = deps;
  const loop = startLoop({
    name: "rollouts",
    log,
    retryMs: RETRY_MS,
    turn: async () => (rollOn(deps) ? pauseMs(store) : MINUTE_MS),
  });
  const unsubscribe = policyDesk.onPush(() => loop.nudge());
  return {
    name: loop.name,
    async stop() {
      unsubscribe();
      await loop.stop();
    },
  };
}

function pauseMs({ rollouts, policies }: Store): number {
  const { revision = 0, ring = 0 } = rollouts.newest() ?? {};
  const bundle = policies.bundleOf(revision)?.bundle;
  const bakeMs = bundle === undefined ? 0 : (ringsOfBundle(bundle)[ring]?.bakeMs ?? 0);
  return Math.min(Math.max(bakeMs / LOOKS_A_RING, SECOND_MS), MOST_PAUSE_MS);
}
