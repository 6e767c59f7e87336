import type { HostLabels } from "@shipkeeper/model";
import type { Signals, Standing } from "@shipkeeper/policy";
import type { AgentLedger } from "../ledger/ledger.ts";
import { stopFilePresent, type GuardrailsState } from "./guardrails-file.ts";

export interface StandingSources {
  readonly hostLabels: HostLabels;
  readonly ledger: Pick<AgentLedger, "asLedger" | "ruleRuns">;
  readonly guardrails: () => GuardrailsState;
  /** Names of the repositories that the host's configuration has. */
  readonly repositories: readonly string[];
  /** Ids or names of containers that the agent itself runs in. */
  readonly self: readonly string[];
  readonly signals: () => Signals;
}

/** What rounds of this host go by right now, besides its inventory and the policy. */
export function readStanding({
  hostLabels,
  ledger,
  guardrails: readGuardrails,
  repositories,
  self,
  signals,
}: StandingSources): Standing {
  const state = readGuardrails();
  const { guardrails } = state;
  return {
    hostLabels,
    ledger: ledger.asLedger(),
    guardrails,
    ...(state.state === "broken" && { guardrailsProblem: state.problem }),
    stopFilePresent: stopFilePresent(guardrails.stopFile),
    repositories,
    self,
    lastRuns: ledger.ruleRuns.all(),
    signals: signals(),
  };
}
