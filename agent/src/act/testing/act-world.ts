import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeEngine } from "@shipkeeper/docker";
import { handClock } from "@shipkeeper/lab";
import { hostIdSchema, runIdSchema, type Container, type Image } from "@shipkeeper/model";
import {
  expectContainer,
  expectImage,
  NO_GUARDRAILS,
  type Plan,
  type StepOutcome,
  type Verdict,
} from "@shipkeeper/policy";
import type { DrillReceipt } from "@shipkeeper/protocol";
import { silentLog } from "@shipkeeper/runtime";
import { onTestFinished } from "vitest";
import { openLedger, type AgentLedger } from "../../ledger/ledger.ts";
import type { ActContext } from "../action-context.ts";
import { ownActs } from "../../own-acts.ts";
import { startQuiesce } from "../../quiesce/quiesce.ts";
import { createClaims } from "../claims.ts";
import { createHostLock } from "../host-lock.ts";

export const NOW = Date.parse("2030-01-31T02:00:00Z");
export const HOST_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000001");
export const RUN_ID = runIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000002");

/** A ledger of its own in a folder that goes with the test. */
export function tempLedger(clock: () => number): AgentLedger {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-ledger-"));
  const ledger = openLedger(join(folder, "ledger.db"), clock);
  onTestFinished(() => {
    ledger.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return ledger;
}

/** A fake engine, a clock that is moved by hand, a ledger, and a run that has begun. */
export function actWorld(overrides: Partial<ActContext> = {}) {
  const clock = handClock(NOW);
  const engine = new FakeEngine({ clock: clock.now });
  const ledger = tempLedger(clock.now);
  const abort = new AbortController();
  const claims = createClaims();
  const own = ownActs({ clock: clock.now });
  const tellOwn = async () => {
    for await (const event of engine.events({ signal: abort.signal })) own.take(event);
  };
  tellOwn().catch(() => undefined); // an engine that goes down tells no more
  onTestFinished(() => abort.abort());
  const troubles: string[] = [];
  const receipts: DrillReceipt[] = [];
  const events: Parameters<ActContext["tellEvent"]>[0][] = [];
  ledger.journal.beginRun({ runId: RUN_ID, kind: "test", ruleKey: "lab/rule", at: NOW });

  const quiesce = startQuiesce({
    journal: ledger.quiesced,
    engine,
    claim: (id) => claims.take(id, "backup"),
    ownActs: own,
    self: [],
    engineUpSince: () => NOW,
    trouble: (code, message) => void troubles.push(`${code}: ${message}`),
    clock: clock.now,
    pause: (ms, options) => clock.sleep(ms, options),
    log: silentLog,
  });
  onTestFinished(() => quiesce.stop());

  const context: ActContext = {
    runId: RUN_ID,
    hostId: HOST_ID,
    action: "test",
    policy: "lab",
    rule: "rule",
    spec: {},
    engine,
    journal: ledger.journal,
    restarts: ledger.restarts,
    restorePoints: ledger.restorePoints,
    proofs: ledger.proofs,
    expiries: ledger.expiries,
    fileSamples: ledger.fileSamples,
    isDrill: (runId) => runId === RUN_ID,
    fileReceipt: (receipt) => void receipts.push(receipt),
    restic: undefined,
    recoveryKey: () => undefined,
    registries: new Map(),
    hostLock: createHostLock(),
    probesOf: () => undefined,
    claims,
    ownActs: own,
    quiesce,
    holdBack: () => undefined,
    keepHostBundle: async () => ({ folder: "/", about: [] }),
    guardrails: () => NO_GUARDRAILS,
    signal: abort.signal,
    clock: clock.now,
    pause: (ms, options) => clock.sleep(ms, options),
    log: silentLog,
    engineDisk: async () => undefined,
    trouble: (code, message) => void troubles.push(`${code}: ${message}`),
    tellEvent: (event) => void events.push(event),
    prove: (proof) => ledger.proofs.put(proof),
    tellRestorePoints: () => undefined,
    ...overrides,
  };
  return { clock, engine, ledger, context, abort, claims, ownActs: own, quiesce, troubles, events, receipts };
}

export function removeImage(image: Image): Verdict {
  const target = { type: "image", id: image.id, name: image.tags[0] ?? image.id } as const;
  return { target, decision: "remove", reason: { why: "unused" }, expect: expectImage(image) };
}

export function removeContainer(container: Container): Verdict {
  const target = { type: "container", id: container.id, name: container.name } as const;
  return { target, decision: "remove", reason: { why: "exited" }, expect: expectContainer(container) };
}

export function restartContainer(container: Container, decision = "restart"): Verdict {
  return { ...removeContainer(container), decision, reason: { why: "unhealthy" } };
}

export const planOf = (...verdicts: Verdict[]): Plan => ({ kind: "test", verdicts });

/** `web:1` → `done` or `skipped: in-use`. */
export function summary(outcomes: readonly StepOutcome[]): Record<string, string> {
  return Object.fromEntries(
    outcomes.map(({ target, status, why, error }) => [
      target.name,
      [status, why ?? error].filter((part) => part !== undefined).join(": "),
    ]),
  );
}
