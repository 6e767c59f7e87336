/** The deciding and acting half of an agent on a host of the lab, with everything that it would tell in a list. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openEngine, type Engine } from "@shipkeeper/docker";
import { waitUntil, type LabHost } from "@shipkeeper/lab";
import { hostIdSchema } from "@shipkeeper/model";
import {
  compileBundle,
  formatProblem,
  ownersFor,
  parsePolicy,
  postMortemTerms,
  type PolicyBundle,
} from "@shipkeeper/policy";
import type { EntryKind, EntryOf, KnownEntry } from "@shipkeeper/protocol";
import { createSigningKey, silentLog, type SignedClient } from "@shipkeeper/runtime";
import { withoutScratch } from "../../agent/src/act/drill/hide-scratch.ts";
import { drillsIn } from "../../agent/src/act/drill/scratch.ts";
import { keepEvidence, signIn } from "../../agent/src/evidence/evidence.ts";
import { hostBundleKeeper } from "../../agent/src/host-bundle/keep-bundle.ts";
import { openLedger } from "../../agent/src/ledger/ledger.ts";
import { createClaims } from "../../agent/src/act/claims.ts";
import { startObserving } from "../../agent/src/observe/observe.ts";
import { ownActs } from "../../agent/src/own-acts.ts";
import { outsideLook } from "../../agent/src/observe/look-outside.ts";
import { PAUSES_FILE } from "../../agent/src/pauses-file.ts";
import { openRegistries, type RegistrySettings } from "../../agent/src/registry/open-registries.ts";
import { type Repositories, openRestic } from "@shipkeeper/restic";
import { startQuiesce } from "../../agent/src/quiesce/quiesce.ts";
import { probeSources, watchSignals } from "../../agent/src/signals.ts";
import { guardrailsFile } from "../../agent/src/steward/guardrails-file.ts";
import { startSteward } from "../../agent/src/steward/steward.ts";

export const HOST_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000001");

export interface KeepOptions {
  /** A policy's YAML, for hosts of `environment: lab`. */
  readonly policy: string;
  /** YAML of the guardrails file; none is written where it is left out. */
  readonly guardrails?: string;
  readonly repositories?: Repositories;
  /** As root would put it on the host for a while. */
  readonly recoveryKey?: string;
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  /** Whom to ask what the fleet holds; nobody where it is left out. */
  readonly collector?: Pick<SignedClient, "call">;
  /** Instead of the host's own socket. */
  readonly socketPath?: string;
  /** Instead of the engine behind the socket. */
  readonly engine?: Engine;
  /** Kept where it is given, for a second life of the same agent. */
  readonly stateDir?: string;
  readonly now?: () => number;
}

export function bundleOf(policy: string): PolicyBundle {
  const { policies, problems } = parsePolicy([{ file: "policy.yaml", text: policy }], { now: Date.now() });
  if (problems.length > 0) throw new Error(problems.map(formatProblem).join("\n"));
  const issuedAt = Date.now() - 86_400_000;
  return compileBundle(policies, { revision: 1, issuedAt, expiresAt: issuedAt + 10 * 365 * 86_400_000 });
}

export async function keepHost(host: Pick<LabHost, "socketPath">, options: KeepOptions) {
  const bundle = bundleOf(options.policy);
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "shipkeeper-agent-"));
  const clock = options.now ?? Date.now;
  const told: KnownEntry[] = [];
  const hostLabels = { environment: "lab", hostname: "lab-1" };
  const guardrails = join(stateDir, "guardrails.yaml");
  if (options.guardrails !== undefined) writeFileSync(guardrails, options.guardrails, { mode: 0o600 });

  const engine = options.engine ?? openEngine({ socketPath: options.socketPath ?? host.socketPath });
  const ledger = openLedger(join(stateDir, "ledger.db"), clock);
  const repositories = options.repositories ?? {};
  const restic = await openRestic({ repositories });
  const registries = openRegistries(options.registries ?? {});
  const observer = startObserving({
    engine: withoutScratch(engine, drillsIn(ledger.journal)),
    ledger,
    clock,
    log: silentLog,
    resyncIntervalMs: 60_000,
    ownerRules: () => ownersFor(bundle, hostLabels),
    onEvent: (entry) => told.push(entry),
  });
  const readGuardrails = guardrailsFile(guardrails);
  const claims = createClaims();
  const own = ownActs({ clock });
  observer.follow(own);
  const watch = watchSignals({
    observer,
    engine,
    isOwnAct: (event) => own.isOwn(event),
    busy: () => claims.all(),
    ledger,
    clock,
    log: silentLog,
    docker: { socketPath: host.socketPath },
    pauses: join(stateDir, PAUSES_FILE),
    probes: () => probeSources(bundle, { hostLabels, guardrails: readGuardrails }),
    tell: (entry) => told.push(entry),
  });
  const quiesce = startQuiesce({
    journal: ledger.quiesced,
    engine,
    claim: (id) => claims.take(id, "backup"),
    ownActs: own,
    self: [],
    engineUpSince: () => watch.signals().engineUpSince,
    trouble: (code, message) => void told.push({ kind: "trouble", at: clock(), code, message }),
    clock,
    pause: (ms, options) => sleep(ms, undefined, options),
    log: silentLog,
  });
  const evidence = keepEvidence({
    engine,
    observer,
    signals: () => watch.signals(),
    incidentOf: (containerId) => ledger.incidents.openOf(containerId),
    logLines: () => postMortemTerms(bundle, hostLabels).logLines,
    tell: (entry) => told.push(entry),
    clock,
    log: silentLog,
  });
  const steward = startSteward({
    keepHostBundle: hostBundleKeeper(
      { stateDir, guardrails },
      {
        engine,
        hostId: HOST_ID,
        labels: hostLabels,
        restorePoints: () => ledger.restorePoints.all(),
        policy: () => bundle,
        recoveryKeys: () => [],
        clock,
      },
    ),
    engine,
    observer,
    watch,
    ledger,
    bundle: () => bundle,
    guardrails: readGuardrails,
    hostId: HOST_ID,
    hostKey: createSigningKey(),
    hostLabels,
    repositories: Object.keys(repositories),
    self: [],
    signals: () => watch.signals(),
    claims,
    ownActs: own,
    quiesce,
    restic,
    recoveryKey: () => options.recoveryKey,
    registries,
    lookOutside: outsideLook({
      registries,
      repositories,
      restic,
      ledger,
      client: () => options.collector,
      clock,
      log: silentLog,
    }),
    capture: (runId) => (container, verdict) =>
      evidence.beforeHeal(container, { runId, sign: signIn(verdict) }),
    record: (entry) => told.push(entry),
    log: silentLog,
    clock,
  });

  const ofKind = <Kind extends EntryKind>(kind: Kind) =>
    told.filter((entry): entry is EntryOf<Kind> => entry.kind === kind);

  let stopping: Promise<void> | undefined;
  async function stop(): Promise<void> {
    await steward.stop();
    await quiesce.stop();
    await evidence.stop();
    await watch.stop();
    await observer.stop();
    ledger.close();
    if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
  }

  return {
    told,
    ofKind,
    observer,
    watch,
    steward,
    ledger,
    restic,
    stateDir,
    /** Resolves with the first runs of the kind that are over. */
    async finished(action: string, count = 1, deadlineMs = 50_000): Promise<EntryOf<"run-finished">[]> {
      return waitUntil(
        () => {
          const runs = ofKind("run-finished").filter((run) => run.action === action);
          return runs.length >= count ? runs : undefined;
        },
        { what: `${count} finished runs of ${action}`, deadlineMs },
      );
    },
    stop: () => (stopping ??= stop()),
  };
}
