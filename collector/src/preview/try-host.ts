/** A host as the collector knows it → what a candidate would do there, or why nobody can say. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Instant } from "@shipkeeper/kit";
import {
  NO_GUARDRAILS,
  compareRounds,
  isActed,
  tryBundle,
  verdictsOf,
  type Difference,
  type KnownHost,
  type PolicyBundle,
  type Round,
  type Trial,
} from "@shipkeeper/policy";
import type { HostId, RoundId } from "@shipkeeper/model";
import { judgeHostTwice, type Judgements, type KnownBeside } from "./judge-host-twice.ts";
import { knownHost } from "../known-host.ts";
import type { PlanningFacts } from "../store/planning-facts.ts";

export interface TriedHost {
  readonly facts: PlanningFacts;
  readonly known: KnownHost;
  readonly candidate: Trial;
  readonly inForce: Trial | undefined;
  readonly difference: Difference;
  /** Steps that the candidate would take there, but for the host's guardrails. */
  readonly cutByGuardrails: number;
  /** Undefined where no policy has a check for the host. */
  readonly judgements: Judgements | undefined;
}

export interface Trying {
  readonly candidate: PolicyBundle;
  readonly inForce: PolicyBundle | undefined;
  readonly now: Instant;
  readonly roundId: RoundId;
  /** What others know about what a host holds. */
  readonly beside: (hostId: HostId) => KnownBeside;
}

/** Why the candidate cannot be tried out, in words, where it cannot. */
export function tryHost(facts: PlanningFacts, asked: Trying): TriedHost | { readonly why: string } {
  const known = knownHost(facts);
  if ("why" in known) return known;

  const candidate = tryBundle(asked.candidate, known, asked);
  const inForce = asked.inForce === undefined ? undefined : tryBundle(asked.inForce, known, asked);
  const before = inForce?.round ?? { ...candidate.round, planned: [], waiting: [] };
  return {
    facts,
    known,
    candidate,
    inForce,
    difference: compareRounds(before, candidate.round),
    cutByGuardrails: cutByGuardrails(known, candidate, asked),
    judgements: judgeHostTwice({
      hostname: facts.hostname,
      beside: () => asked.beside(facts.hostId),
      inForce,
      candidate,
      now: asked.now,
    }),
  };
}

/** Planned once more without them: no reason has to say by itself that it came from there. */
function cutByGuardrails(known: KnownHost, { round }: Trial, asked: Trying): number {
  const { neverTouch, limits } = known.standing.guardrails;
  if (isDeepStrictEqual({ neverTouch, limits }, NO_LIMITS)) return 0;
  const standing = { ...known.standing, guardrails: { ...known.standing.guardrails, ...NO_LIMITS } };
  const without = tryBundle(asked.candidate, { ...known, standing }, asked);
  const steps = (of: Round) => verdictsOf(of).filter(isActed).length;
  return Math.max(0, steps(without.round) - steps(round));
}

const NO_LIMITS = { neverTouch: NO_GUARDRAILS.neverTouch, limits: NO_GUARDRAILS.limits };
