/** One run of one rule, from the intent on disk to the outcome on disk. */
import { randomUUID } from "node:crypto";
import { assert, errorChain } from "@shipkeeper/kit";
import type { RunId } from "@shipkeeper/model";
import {
  isKind,
  isStep,
  ruleKey,
  rulesFor,
  type Kind,
  type Outcome,
  type PlannedRule,
  type PolicyBundle,
  type Round,
  type StepOutcome,
} from "@shipkeeper/policy";
import { signDrillReceipt } from "@shipkeeper/protocol";
import type { ActContext, Pause } from "../act/action-context.ts";
import { applyPlan, type ActionHandler } from "../act/apply-plan.ts";
import { drillsIn } from "../act/drill/scratch.ts";
import { createHostLock } from "../act/host-lock.ts";
import { handlers } from "../act/handlers.ts";
import { readSettledDisk } from "./free-space.ts";
import { stopFilePresent, type GuardrailsState } from "./guardrails-file.ts";
import type { StewardOptions } from "./steward.ts";

export interface RunnerOptions extends StewardOptions {
  readonly pause: Pause;
  readonly freeBytes: (path: string) => Promise<number>;
  /** Aborts when the agent stops. */
  readonly signal: AbortSignal;
}

export interface StartedRun {
  /** Never rejects: a run that could not be brought to its end is left open in the journal and settled later. */
  readonly ended: Promise<void>;
}

export function createRunner(options: RunnerOptions) {
  const { ledger, clock, log, record, signal } = options;
  const hostLock = createHostLock();
  const running = new Set<Promise<void>>();
  /** Ids of what the runs that are under way are about. */
  const atWork = new Set<string>();
  /** `ruleKey` of the rules that have a run under way. */
  const rulesAtWork = new Set<string>();

  /** Hands over what is over and not yet on its way to the collector. */
  function reportFinished(): void {
    for (const finished of ledger.journal.unreported()) {
      record(finished);
      ledger.journal.markReported(finished.runId);
    }
  }

  /** Begins a run. Throws, with nothing done, where the intent cannot be written. */
  function start(rule: PlannedRule, round: Round, bundle: PolicyBundle): StartedRun {
    assert(rule.mode === "enforce", "only an enforcing rule is run");
    assert(isKind(rule.kind), `there is a handler for ${rule.kind}`);
    const runId = randomUUID() as RunId;
    writeIntent(runId, rule, round);

    const targets = rule.verdicts.filter(isStep).map(({ target }) => target.id);
    for (const id of targets) atWork.add(id);
    const key = ruleKey(rule.policy, rule.rule);
    rulesAtWork.add(key);
    const context = contextOf(runId, rule, bundle);
    const ended = endRun(runId, rule.kind, () => act(rule, handlers[rule.kind as Kind], context)).finally(
      () => {
        for (const id of targets) atWork.delete(id);
        running.delete(ended);
        rulesAtWork.delete(key);
      },
    );
    running.add(ended);
    return { ended };
  }

  async function act(rule: PlannedRule, handler: ActionHandler, context: ActContext): Promise<Outcome> {
    const freeBefore = await freeSpace(handler);
    const applied = await applyPlan(rule, handler, context);
    const steps = await applied.outcomes;
    const freeAfter = await freeSpace(handler);
    return freeBefore === undefined || freeAfter === undefined
      ? { steps }
      : { steps, freedBytes: freeAfter - freeBefore };
  }

  /** Both on disk before the first step: what the agent may have done is known to itself and will be told. */
  function writeIntent(
    runId: RunId,
    { policy, rule, kind, mode, verdicts }: PlannedRule,
    round: Round,
  ): void {
    const at = clock();
    ledger.journal.beginRun({ runId, kind, ruleKey: ruleKey(policy, rule), at });
    try {
      const { id: roundId, revision } = round;
      const steps = verdicts.filter(isStep).length;
      record({ kind: "run-started", runId, roundId, at, policy, revision, rule, action: kind, mode, steps });
    } catch (error) {
      ledger.journal.dropRun(runId);
      throw error;
    }
  }

  async function endRun(runId: RunId, action: string, settle: () => Promise<Outcome>): Promise<void> {
    try {
      const outcome = await settle();
      const ended = outcome.steps.some(wasHeldBack) ? "stopped" : "finished";
      ledger.journal.endRun({ kind: "run-finished", runId, action, at: clock(), ended, outcome });
      reportFinished();
    } catch (error) {
      log.error({ error, runId }, "a run could not be brought to its end; the next start settles it");
    }
  }

  function contextOf(runId: RunId, { policy, rule, kind }: PlannedRule, bundle: PolicyBundle): ActContext {
    const found = rulesFor(bundle, options.hostLabels).find(
      (entry) => entry.policy.name === policy && entry.rule.name === rule,
    );
    const atStart = markOf(options.guardrails());
    return {
      runId,
      action: kind,
      policy,
      rule,
      spec: found?.rule.spec,
      hostId: options.hostId,
      engine: options.engine,
      journal: ledger.journal,
      restarts: ledger.restarts,
      restorePoints: ledger.restorePoints,
      proofs: ledger.proofs,
      expiries: ledger.expiries,
      fileSamples: ledger.fileSamples,
      isDrill: drillsIn(ledger.journal),
      fileReceipt: (receipt) =>
        record({ kind: "drill", at: clock(), receipt: signDrillReceipt(receipt, options.hostKey) }),
      restic: options.restic,
      keepHostBundle: options.keepHostBundle,
      recoveryKey: options.recoveryKey,
      registries: options.registries,
      hostLock,
      ...(options.capture !== undefined && { capture: options.capture(runId) }),
      claims: options.claims,
      ownActs: options.ownActs,
      quiesce: options.quiesce,
      signal,
      clock,
      pause: options.pause,
      log,
      engineDisk: () => measure(options.readDisk ?? readSettledDisk),
      probesOf: (id) => options.signals().probes.get(id),
      guardrails: () => options.guardrails().guardrails,
      holdBack() {
        const now = options.guardrails();
        if (signal.aborted) return "stopping";
        if (stopFilePresent(now.guardrails.stopFile)) return "stop-file";
        if (options.haltedRevision?.() === bundle.revision) return "policy-halted";
        return markOf(now) === atStart ? undefined : "guardrails-changed";
      },
      trouble: (code, message) => tell({ kind: "trouble", at: clock(), code, message }),
      tellEvent: (event) => record({ kind: "event", at: clock(), ...event }),
      prove(proof) {
        ledger.proofs.put(proof);
        tell({ kind: "proof", proof });
      },
      tellRestorePoints: (repository, points) =>
        tell({ kind: "restore-points", repository, at: clock(), points: [...points] }),
    };
  }

  /** For news that must not break a run: what cannot be queued is in the log. */
  function tell(entry: Parameters<typeof record>[0]): void {
    try {
      record(entry);
    } catch (error) {
      log.error({ error, entry: entry.kind }, "cannot queue an entry for the collector");
    }
  }

  async function freeSpace({ freesSpace }: ActionHandler): Promise<number | undefined> {
    return freesSpace ? measure(options.freeBytes) : undefined;
  }

  /** What is found out about the engine's disk; undefined where that cannot be done. */
  async function measure<T>(look: (rootDir: string) => Promise<T>): Promise<T | undefined> {
    const rootDir = options.observer.current()?.engine?.rootDir;
    if (rootDir === undefined) return undefined;
    return look(rootDir).catch((error: unknown) => {
      log.debug({ error: errorChain(error), rootDir }, "cannot measure the engine's disk");
      return undefined;
    });
  }

  return {
    start,
    reportFinished,
    isRunning: ({ policy, rule }: Pick<PlannedRule, "policy" | "rule">) =>
      rulesAtWork.has(ruleKey(policy, rule)),
    isAtWork: (id: string) => atWork.has(id),
    /** Resolves when nothing runs any more. */
    async idle(): Promise<void> {
      await Promise.all(running);
    },
  };
}

/** The same while the guardrails are the same. */
function markOf(state: GuardrailsState): string {
  return [state.state, "sha256" in state ? state.sha256 : ""].join(" ");
}

const HELD_BACK = new Set(["stopping", "stop-file", "guardrails-changed", "policy-halted"]);

function wasHeldBack({ why }: StepOutcome): boolean {
  return HELD_BACK.has(why ?? "");
}
