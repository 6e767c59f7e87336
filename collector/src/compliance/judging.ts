/**
 * Holds every host to the policies in force, host by host: soon after it told something, after a push, and every few
 * minutes. Owns when to judge; what is right is `judgeHost`'s to say, and what was found the store's to keep.
 */
import { performance } from "node:perf_hooks";
import { MINUTE_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import { labelsOfHost, type HostId } from "@shipkeeper/model";
import { judgeHost, policiesFor } from "@shipkeeper/policy";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import type { BasesUnder } from "../store/base-images.ts";
import type { Store } from "../store/store.ts";
import { judgeBackups } from "./judge-backups.ts";

export interface Judging {
  /** Judges the host that waits longest, if any does. */
  judgeNext(now: Instant): HostId | undefined;
}

/** Owners and fleet are summed up this often, and bases that came since are seen. */
const SUMMED_UP_EVERY_MS = MINUTE_MS;

export function createJudging(store: Store): Judging {
  let basesUnder: BasesUnder = store.baseImages.lookup();
  let summedUpAt = -Infinity;
  let isSumDue = false;

  /** One host and one transaction: agents wait for no more than that. */
  function judge(
    hostId: HostId,
    { revision, heardAt }: { revision: number; heardAt: Instant },
    now: Instant,
  ): void {
    const host = store.complianceFacts.of(hostId, basesUnder);
    const bundle = store.policies.inForce()?.bundle;
    if (host === undefined) return;
    const labels = labelsOfHost({ hostname: host.facts.hostname, labels: host.labels });
    const policies = bundle === undefined ? [] : policiesFor(bundle, labels);
    const { findings, tallies, skipped } = judgeHost(policies, host.facts, now);
    const notMade = new Set(skipped.map(({ check }) => check));
    const backups = bundle && judgeBackups(store, { hostId, policies, bundle }, now);
    if (backups !== undefined) {
      store.coverage.settle(hostId, backups.coverage);
      store.objectives.settle(hostId, backups.objectives, now);
    }
    store.findings.settle(hostId, { found: findings, skipped: notMade }, now);
    store.judgements.record(hostId, { tallies, skipped, revision, heardAt }, now);
  }

  return {
    judgeNext(now) {
      const revision = store.policies.inForce()?.bundle.revision ?? 0;
      const next = store.judgements.due(revision, now);
      if (next !== undefined) {
        store.transaction(() => {
          // A push finds owners anew host by host; this one may not have had its turn yet.
          if (next.isNewPolicy) store.owners.resolveAgain(next.hostId);
          judge(next.hostId, { revision, heardAt: next.heardAt }, now);
        });
        isSumDue = true;
      }
      if (isSumDue && (next === undefined || now - summedUpAt >= SUMMED_UP_EVERY_MS)) {
        store.judgements.sumUp(now);
        basesUnder = store.baseImages.lookup();
        summedUpAt = now;
        isSumDue = false;
      }
      return next?.hostId;
    },
  };
}

const LOOKED_EVERY_MS = SECOND_MS;
/** So that judging takes a fifth of one processor at most, however large the fleet. */
const PAUSE_FOR_WORK = 4;

export function startJudging({ store, now, log }: { store: Store; now: Clock; log: Logger }): Service {
  const judging = createJudging(store);
  return startLoop({
    name: "judging",
    log,
    retryMs: MINUTE_MS,
    firstMs: LOOKED_EVERY_MS,
    async turn() {
      const startedAt = performance.now();
      const judged = judging.judgeNext(now());
      return judged === undefined ? LOOKED_EVERY_MS : PAUSE_FOR_WORK * (performance.now() - startedAt);
    },
  });
}
