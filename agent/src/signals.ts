/** The signals of this host, brought together from what finds each of them. */
import type { Engine } from "@shipkeeper/docker";
import type { PolicyBundle, ProbeSources, Signals } from "@shipkeeper/policy";
import { stopAll, type Service } from "@shipkeeper/runtime";
import { watchHost, type WatchHostOptions } from "./observe/watch-host.ts";
import { createAsk } from "./probe/ask.ts";
import type { LastLogAt } from "./probe/ask-log.ts";
import type { StandingSources } from "./steward/standing.ts";
import { startProbing, type ProbingOptions } from "./probe/run-probes.ts";

export interface SignalSources extends Omit<WatchHostOptions, "engine" | "found"> {
  readonly engine: Pick<Engine, "container" | "pastEvents" | "exec" | "logs">;
  /** What says which probes there are. */
  readonly probes: ProbingOptions["sources"];
  /** When a container wrote to its log last, as far as its files were looked at. */
  readonly lastLogAt?: LastLogAt;
  /** Container id → the work of the agent that has it in hand. */
  readonly busy?: () => Signals["busy"];
  /** Image id → on how many hosts its containers are sick, by the collector's word. */
  readonly sickImages?: () => Signals["sickImages"];
}

export interface SignalWatch extends Service {
  /** What is known right now, without a look anywhere. */
  signals(): Signals;
  /** Calls back when something was found that planners should know of at once. Returns what ends it. */
  subscribe(listener: () => void): () => void;
}

/** What probes go by: the policy in force, and the guardrails as they are right now. */
export function probeSources(
  bundle: PolicyBundle | undefined,
  { hostLabels, guardrails }: Pick<StandingSources, "hostLabels" | "guardrails">,
): ProbeSources | undefined {
  return bundle && { bundle, hostLabels, guardrails: guardrails().guardrails };
}

export function watchSignals(sources: SignalSources): SignalWatch {
  const { observer, engine, clock, log, tell } = sources;
  const listeners = new Set<() => void>();
  const found = () => listeners.forEach((listener) => listener());
  const host = watchHost({ ...sources, found });
  const probing = startProbing({
    observer,
    sources: sources.probes,
    ask: createAsk({ engine, clock, lastLogAt: sources.lastLogAt }),
    clock,
    log,
    tell,
    found,
  });

  return {
    name: "signals",
    signals: () => ({
      ...host.signals(),
      probes: probing.states(),
      busy: sources.busy?.() ?? new Map(),
      sickImages: sources.sickImages?.() ?? new Map(),
    }),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: () => stopAll([probing, host], log),
  };
}
