import type { Instant } from "@shipkeeper/kit";
import type { AgentStatus } from "@shipkeeper/protocol";

export interface StatusSources {
  readonly version: string;
  readonly startedAt: Instant;
  readonly policyRevision: () => number;
  readonly guardrails: () => { readonly state: AgentStatus["guardrails"]["state"]; readonly sha256?: string };
  readonly outbox: () => AgentStatus["outbox"];
  readonly sampling: () => string;
  readonly capabilities: readonly string[];
}

/** How the agent is at the moment of the call; it rides on every batch. */
export function agentStatus(sources: StatusSources): () => AgentStatus {
  return () => {
    const { state, sha256 } = sources.guardrails();
    return {
      version: sources.version,
      startedAt: sources.startedAt,
      policyRevision: sources.policyRevision(),
      guardrails: { state, ...(sha256 !== undefined && { sha256 }) },
      outbox: sources.outbox(),
      sampling: sources.sampling(),
      capabilities: [...sources.capabilities],
    };
  };
}
