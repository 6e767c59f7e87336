/**
 * Keeps the host by the policy in force: plans rounds, records them, has them acted on, and settles what a crash left
 * open. What is right is decided by the planners; how a thing is done by the handlers. The half of the engine that
 * changes the host goes from here to the handlers and nowhere else, and only for rules that enforce.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MINUTE_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import { readDisk, type Engine } from "@shipkeeper/docker";
import type { Disk, HostId, Inventory, RoundId, RunId } from "@shipkeeper/model";
import {
  actionKind,
  checkRound,
  isStep,
  needsOf,
  planRound,
  roundQuestion,
  ruleKey,
  urgentRules,
  type Need,
  type Outside,
  type PlannedRule,
  type PolicyBundle,
  type Round,
  type Trigger,
  type Verdict,
  type World,
} from "@shipkeeper/policy";
import type { KnownEntry } from "@shipkeeper/protocol";
import { startLoop, stopAll, type Logger, type Service, type SigningKey } from "@shipkeeper/runtime";
import type { ActContext, Pause } from "../act/action-context.ts";
import type { Claims } from "../act/claims.ts";
import type { AgentLedger } from "../ledger/ledger.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import type { Restic } from "@shipkeeper/restic";
import type { KeepHostBundle } from "../keep-host-bundle.ts";
import { onceAborted } from "../once-aborted.ts";
import type { OwnActs } from "../own-acts.ts";
import type { Quiesce } from "../quiesce/quiesce.ts";
import { readFreeBytes } from "./free-space.ts";
import { keepIncidents } from "./incidents.ts";
import { reconcile } from "./reconcile.ts";
import { acts, roundNews } from "./round-news.ts";
import { createRunner } from "./run-rule.ts";
import { readStanding, type StandingSources } from "./standing.ts";

export interface StewardOptions extends StandingSources {
  readonly engine: Engine;
  readonly observer: {
    current(): Inventory | undefined;
    refreshNow(): Promise<Inventory>;
    subscribe(listener: () => void): () => void;
  };
  /** Calls back when something was found between two looks that planners should know of at once. */
  readonly watch?: { subscribe(listener: () => void): () => void };
  readonly ledger: AgentLedger;
  readonly bundle: () => PolicyBundle | undefined;
  /** The revision in force, where its rollout was halted. */
  readonly haltedRevision?: () => number | undefined;
  readonly hostId: HostId;
  /** Signs what the host vouches for. */
  readonly hostKey: SigningKey;
  /** Undefined where the host has no restic. */
  readonly restic: Restic | undefined;
  readonly keepHostBundle: KeepHostBundle;
  /** By the names that the host's configuration gives them. */
  readonly recoveryKey: ActContext["recoveryKey"];
  readonly registries: ReadonlyMap<string, RegistryClient>;
  readonly claims: Claims;
  /** Fed by the observer's events. */
  readonly ownActs: OwnActs;
  readonly quiesce: Pick<Quiesce, "replayed" | "hold">;
  readonly lookOutside: (needs: readonly Need[], signal: AbortSignal) => Promise<Outside>;
  /** What steps of a run keep of a container before they destroy it; none where nobody is to be told. */
  readonly capture?: (runId: RunId) => NonNullable<ActContext["capture"]>;
  /** Returns once the entry is on disk. Where it throws, nothing is started. */
  readonly record: (entry: KnownEntry) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly pause?: Pause;
  readonly freeBytes?: (path: string) => Promise<number>;
  readonly readDisk?: (path: string) => Promise<Disk>;
}

export interface Steward extends Service {
  /** Has scheduled rules looked at before their time, by `ruleKey`. It changes when, never what. */
  runNow(ruleKeys: Iterable<string>): void;
}

const TICK_MS = SECOND_MS;
const IDLE_MS = 30 * SECOND_MS;
const RETRY_MS = 5 * SECOND_MS;
const DISK_AGE_MS = 10 * SECOND_MS;
/** A plan that is older than this is not acted on: what it saw may be gone. */
const MOST_PLAN_AGE_MS = 2 * MINUTE_MS;

export function startSteward(options: StewardOptions): Steward {
  const { observer, ledger, clock, log, record } = options;
  const abort = new AbortController();
  const news = roundNews();
  const incidents = keepIncidents({ incidents: ledger.incidents, record });
  const pause: Pause = options.pause ?? ((ms, { signal }) => sleep(ms, undefined, { signal }));
  const runner = createRunner({
    ...options,
    pause,
    freeBytes: options.freeBytes ?? readFreeBytes,
    signal: abort.signal,
  });
  let asked = new Set<string>();
  let measured: { disk: Disk | undefined; at: Instant } | undefined;
  let hasReconciled: Promise<void> | undefined;

  /** Once, before anything is started. Tried again while the engine cannot be asked. */
  function reconciled(): Promise<void> {
    hasReconciled ??= settleLeft().catch((error: unknown) => {
      hasReconciled = undefined;
      throw error;
    });
    return hasReconciled;
  }

  async function settleLeft(): Promise<void> {
    // First of all: nothing is worth a container that stands still. An agent that stops waits for no engine.
    await Promise.race([options.quiesce.replayed, onceAborted(abort.signal)]);
    abort.signal.throwIfAborted();
    await reconcile({ ...options, pause, signal: abort.signal });
  }

  function plan(
    trigger: Trigger,
    bundle: PolicyBundle,
    inventory: Inventory,
    outside?: Outside,
  ): { round: Round; world: World } {
    const question = roundQuestion(readStanding(options), {
      now: clock(),
      hostId: options.hostId,
      inventory,
      outside,
      bundle,
      trigger,
      roundId: randomUUID() as RoundId,
      runNow: asked,
      haltedRevision: options.haltedRevision?.(),
    });
    const runNow = new Set([...asked, ...urgentRules(question)]);
    return { round: planRound({ ...question, runNow }), world: question.world };
  }

  /** The rules of a round that act. None where the second opinion finds anything wrong with the round. */
  function actingRules({ round, world }: ReturnType<typeof plan>, bundle: PolicyBundle): PlannedRule[] {
    const acting = round.planned.filter(acts);
    const violations = acting.length === 0 ? [] : checkRound(round, world, bundle);
    if (violations.length === 0) return acting;
    const message = `nothing of a round was done, because its plan is not sound: ${violations.slice(0, 5).join("; ")}`;
    log.error({ violations }, "a planned round is not sound");
    record({ kind: "trouble", at: round.at, code: "round_unsound", message });
    return [];
  }

  /** A look may be older than the last step: what is in hand is not begun again. */
  function withoutAtWork(rule: PlannedRule): PlannedRule {
    const isLeft = (verdict: Verdict) => !isStep(verdict) || !runner.isAtWork(verdict.target.id);
    return { ...rule, verdicts: rule.verdicts.filter(isLeft) };
  }

  function tell(round: Round): void {
    if (!news.isNews(round)) return;
    record({ kind: "round", round });
    news.noteTold(round);
  }

  /** A disk runs full between two looks at the host, and to measure one costs next to nothing. */
  async function withDiskOfNow(inventory: Inventory): Promise<Inventory> {
    const path = inventory.engine?.rootDir;
    if (path === undefined) return inventory;
    if (measured === undefined || clock() - measured.at >= DISK_AGE_MS) {
      const disk = await (options.readDisk ?? readDisk)(path).catch(() => undefined);
      measured = { disk, at: clock() };
    }
    const { disk } = measured;
    if (disk === undefined) return inventory;
    const disks = inventory.host.disks.map((one) => (one.path === path ? disk : one));
    return { ...inventory, host: { ...inventory.host, disks } };
  }

  async function scheduledTurn(): Promise<number> {
    await reconciled();
    runner.reportFinished();
    const bundle = options.bundle();
    const known = observer.current();
    if (bundle === undefined || known === undefined) return TICK_MS;
    const due = plan("scheduled", bundle, await withDiskOfNow(known));
    if (due.round.planned.every((rule) => runner.isRunning(rule))) return TICK_MS;

    // Before the look at the host, because it may take minutes.
    const needs = needsOf(due.round, due.world, bundle);
    const outside = needs.length === 0 ? undefined : await options.lookOutside(needs, abort.signal);
    // Something is due: what is acted on is planned from a look of this moment.
    const fresh = await observer.refreshNow();
    // An engine that does not answer: what is due stays due.
    if (fresh.engine === undefined) return RETRY_MS;
    const planned = plan("scheduled", bundle, fresh, outside);
    const { round } = planned;
    // What became due meanwhile needs a look of its own, and the next turn has it.
    if (needsOf(round, planned.world, bundle).length > needs.length) return 0;
    tell(round);
    const acting = actingRules(planned, bundle);
    for (const rule of round.planned) {
      // It goes on from an earlier round, and is looked at again when that has ended.
      if (runner.isRunning(rule)) continue;
      // Left due: the next turn plans it again.
      if (abort.signal.aborted || clock() - round.at > MOST_PLAN_AGE_MS) break;
      const key = ruleKey(rule.policy, rule.rule);
      ledger.ruleRuns.note(key, round.at);
      asked.delete(key);
      if (!acting.includes(rule)) continue;
      const { ended } = runner.start(rule, round, bundle);
      if (actionKind(rule.kind)?.background === true) {
        void ended.then(() => scheduled.nudge());
        continue;
      }
      await ended;
      await observer.refreshNow();
    }
    return TICK_MS;
  }

  async function continuousTurn(): Promise<number> {
    await reconciled();
    const bundle = options.bundle();
    const inventory = observer.current();
    if (bundle === undefined || inventory === undefined) return TICK_MS;

    const planned = plan("continuous", bundle, inventory);
    tell(planned.round);
    incidents.follow(planned.round, planned.world);
    // Never awaited: a stop may take minutes, and others may fall ill meanwhile.
    for (const rule of actingRules(planned, bundle)) {
      const fresh = withoutAtWork(rule);
      if (!fresh.verdicts.some(isStep)) continue;
      void runner.start(fresh, planned.round, bundle).ended.then(() => continuous.nudge());
    }
    return isExpectant(planned) ? TICK_MS : IDLE_MS;
  }

  /** Whether the next second may bring something to do, although nothing announces it. */
  function isExpectant({ round, world }: ReturnType<typeof plan>): boolean {
    const isWaiting = round.planned.some(({ verdicts }) =>
      verdicts.some(({ decision }) => decision === "wait"),
    );
    return isWaiting || world.inventory.containers.some(({ health }) => health.status === "unhealthy");
  }

  const scheduled = startLoop({ name: "scheduled rules", log, retryMs: RETRY_MS, turn: scheduledTurn });
  const continuous = startLoop({ name: "continuous rules", log, retryMs: RETRY_MS, turn: continuousTurn });
  const nudge = () => continuous.nudge();
  const unsubscribe = [observer.subscribe(nudge), options.watch?.subscribe(nudge)];

  return {
    name: "steward",
    runNow(ruleKeys) {
      asked = new Set([...asked, ...ruleKeys]);
      scheduled.nudge();
    },
    async stop() {
      abort.abort();
      for (const end of unsubscribe) end?.();
      await stopAll([scheduled, continuous], log);
      await runner.idle();
    },
  };
}
