/** What every drill has in common, of one dataset or of a whole host: a bound on its time, and a receipt whatever happens. */
import { randomUUID } from "node:crypto";
import { errorChain, maskSecrets } from "@shipkeeper/kit";
import {
  MOST_SAID,
  MOST_WARNING,
  MOST_WARNINGS,
  type DrillPhase,
  type DrillReceipt,
} from "@shipkeeper/protocol";
import { VERSION } from "@shipkeeper/runtime";
import type { ActContext } from "../action-context.ts";

export type DrillContext = Pick<
  ActContext,
  "engine" | "runId" | "hostId" | "policy" | "rule" | "clock" | "pause" | "signal" | "log"
>;

/** What was asked for, and what is wanted of it. */
export interface DrillTerms {
  readonly about: Pick<DrillReceipt, "dataset" | "repository" | "application">;
  readonly timeoutMs: number;
  readonly rtoMs: number;
  readonly rpoMs?: number | undefined;
}

type Found = Pick<DrillReceipt, "restorePoint" | "dataAt" | "ofHost" | "rebuilt" | "warnings"> &
  Pick<DrillReceipt, "phases" | "assertions">;
/** What the receipt says beyond what was asked for; filled in while the drill goes on. */
export type Findings = { -readonly [Key in keyof Found]: Found[Key] };

/** Never throws for what is wrong with the backup: that is what the receipt says. Throws where the agent has to stop. */
export async function withReceipt(
  { about, timeoutMs, rtoMs, rpoMs }: DrillTerms,
  context: DrillContext,
  takePhases: (found: Findings, signal: AbortSignal) => Promise<void>,
): Promise<DrillReceipt> {
  const { clock, runId, hostId, policy, rule, engine, signal } = context;
  const requestedAt = clock();
  const deadline = AbortSignal.timeout(timeoutMs);
  const engineVersion = (await engine.facts({ signal })).engine.version;

  const found: Findings = { phases: [], assertions: [] };
  let failure: string | undefined;
  try {
    await takePhases(found, AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    const late = deadline.aborted ? "it took too long: " : "";
    failure = maskSecrets(`${late}${errorChain(error)}`).slice(0, MOST_SAID);
  }

  const finishedAt = Math.max(requestedAt, clock());
  const passed = failure === undefined && found.assertions.every((assertion) => assertion.passed);
  return {
    format: 1,
    id: randomUUID(),
    hostId,
    runId,
    policy,
    rule,
    ...about,
    requestedAt,
    finishedAt,
    ...found,
    ...(failure !== undefined && { failure }),
    ...(found.dataAt !== undefined && { rpoMs: Math.max(0, requestedAt - found.dataAt) }),
    ...(rpoMs !== undefined && { rpoTargetMs: rpoMs }),
    ...(passed && { rtoMs: finishedAt - requestedAt }),
    rtoTargetMs: rtoMs,
    engineVersion,
    agentVersion: VERSION,
    passed,
  };
}

/** Takes the time of a phase, also of one that fails. What is done in a phase again counts for it, too. */
export function phaseClock({ phases }: Findings, clock: () => number) {
  return async function phase<T>(name: DrillPhase, work: () => Promise<T>): Promise<T> {
    const startedAt = clock();
    try {
      return await work();
    } finally {
      const ms = Math.max(0, clock() - startedAt);
      const place = phases.findIndex((one) => one.phase === name);
      if (place === -1) phases.push({ phase: name, ms });
      else phases[place] = { phase: name, ms: (phases[place]?.ms ?? 0) + ms };
    }
  };
}

/** As many as a receipt takes, each as long as it takes. */
export function shortened(warnings: readonly string[]): string[] {
  const most = warnings.length > MOST_WARNINGS ? MOST_WARNINGS - 1 : MOST_WARNINGS;
  const more = warnings.length - most;
  return [
    ...warnings.slice(0, most).map((text) => text.slice(0, MOST_WARNING)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}
