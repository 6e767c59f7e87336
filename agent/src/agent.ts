/**
 * One agent on one host, built in the order in which facts flow: observe, plan, act, record, ship. Every stage gets the
 * few things that it needs, and only here do they meet. Without a collector it works on by the last policy it believed.
 */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@shipkeeper/kit";
import { openEngine, type Engine } from "@shipkeeper/docker";
import { labelsOfHost, NO_OWNER_RULES, type HostId } from "@shipkeeper/model";
import { logRulesFor, ownersFor, POST_MORTEM_TERMS, postMortemTerms } from "@shipkeeper/policy";
import { encodeSampleGroup, type KnownEntry } from "@shipkeeper/protocol";
import {
  ConfigProblem,
  VERSION,
  signedClient,
  stopAll,
  takeLock,
  type Logger,
  type Service,
  type SignedClient,
} from "@shipkeeper/runtime";
import { createClaims } from "./act/claims.ts";
import { ownContainers } from "./agent-self.ts";
import type { AgentConfig } from "./config.ts";
import { allDrills } from "./act/drill/hand-drills.ts";
import { withoutScratch } from "./act/drill/hide-scratch.ts";
import { keepEvidence, signIn } from "./evidence/evidence.ts";
import { hostBundleKeeper } from "./host-bundle/keep-bundle.ts";
import { startEnrolling } from "./enrol/enrol.ts";
import { hostKey, readIdentity, writeIdentity, type Identity } from "./enrol/identity.ts";
import { openLedger } from "./ledger/ledger.ts";
import { startLogWatch } from "./observe/logs/watch-logs.ts";
import { fleetWord } from "./observe/fleet-word.ts";
import { startObserving } from "./observe/observe.ts";
import { outsideLook } from "./observe/look-outside.ts";
import { ownActs } from "./own-acts.ts";
import { startSampling } from "./observe/sample.ts";
import { trackAvailability } from "./observe/track-availability.ts";
import { performRecover } from "./perform-recover.ts";
import { performRestore } from "./perform-restore.ts";
import { takeOrders } from "./orders/take-orders.ts";
import { openOutbox, outboxBoundFor, type Outbox } from "./outbox/outbox.ts";
import { reportInventory } from "./outbox/report-inventory.ts";
import { reportRepositories } from "./outbox/report-repositories.ts";
import { reportStanding } from "./outbox/report-standing.ts";
import { startShipper } from "./outbox/shipper.ts";
import { PAUSES_FILE } from "./pauses-file.ts";
import { startQuiesce } from "./quiesce/quiesce.ts";
import { startPolicySync } from "./policy-sync/sync-policy.ts";
import { openRegistries } from "./registry/open-registries.ts";
import { readRecoveryKeyFile } from "./recovery-key-file.ts";
import { keepRepositories } from "./repositories/keep-repositories.ts";
import { readRecoveryKeys, sealingKeys } from "./repositories/recovery-keys.ts";
import { openRestic } from "@shipkeeper/restic";
import { probeSources, watchSignals } from "./signals.ts";
import { keepRestores } from "./restore/keep-restores.ts";
import { swapJournal } from "./restore/swap-journal.ts";
import { agentStatus } from "./status.ts";
import { guardrailsFile } from "./steward/guardrails-file.ts";
import { readStanding, type StandingSources } from "./steward/standing.ts";
import { startSteward, type Steward } from "./steward/steward.ts";

export { readAgentConfig, type AgentConfig } from "./config.ts";

export interface Agent extends Service {
  /** Undefined until the host is enrolled. */
  hostId(): HostId | undefined;
  readonly outbox: Pick<Outbox, "accounts" | "usage" | "deadLetters">;
}

/**
 * Resolves when the agent works, which may be long before the engine or the collector answer.
 * Throws `ConfigProblem`, `AlreadyRunning`, `DatabaseNotUsable`, `KeyNotUsable` or `IdentityNotUsable`.
 */
export async function startAgent(
  config: AgentConfig,
  { log, clock, engine = openEngine(config.docker) }: { log: Logger; clock: Clock; engine?: Engine },
): Promise<Agent> {
  const { stateDir, collector, resyncIntervalMs, sampleIntervalMs } = config;
  const named = { hostname: hostname(), labels: config.labels };
  const hostLabels = labelsOfHost(named);
  const inState = (name: string) => join(stateDir, name);

  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  let identity = readIdentity(stateDir);
  if (identity === undefined && config.token === undefined) throw new ConfigProblem([NOT_ENROLLED]);
  const lock = takeLock(inState("agent.lock"));
  const key = hostKey(stateDir);

  // Open before anything can happen that has to be remembered or told.
  const ledger = openLedger(inState("ledger.db"), clock);
  const outbox = openOutbox(inState("outbox.db"), { clock, mostBytes: outboxBoundFor(stateDir) });
  const record = (entry: KnownEntry, blob?: Uint8Array) => void outbox.append(entry, blob);
  /** For news that nothing waits for: what cannot be queued is in the log. */
  const tell = (entry: KnownEntry, blob?: Uint8Array) => {
    try {
      record(entry, blob);
    } catch (error) {
      log.error({ error }, "an entry is lost");
    }
  };

  let client: SignedClient | undefined;
  const policies = startPolicySync({
    file: inState("policy.json"),
    haltFile: inState("policy-halt.json"),
    client: () => client,
    policyKeys: () => identity?.policyKeys ?? [],
    host: () => ({ hostId: identity?.hostId ?? "", labels: hostLabels }),
    trustKeys: (policyKeys) => {
      if (identity === undefined) return;
      const renewed = { ...identity, policyKeys: [...policyKeys] };
      writeIdentity(stateDir, renewed);
      identity = renewed;
    },
    changed: () => shipper.nudge(),
    ordersWait: () => orders.nudge(),
    report: tell,
    clock,
    log,
  });

  // Observe.
  const stateReports = {
    outbox,
    clock,
    resyncMs: resyncIntervalMs,
    failed: (error: unknown) => log.error({ error }, "a state of the host is lost"),
  };
  const inventories = reportInventory(stateReports);
  const standings = reportStanding(stateReports);
  const repositoryReports = reportRepositories(stateReports);
  const guardrails = guardrailsFile(config.guardrails);
  const fleet = fleetWord(clock);
  const claims = createClaims();
  const own = ownActs({ clock });
  const standing: StandingSources = {
    hostLabels,
    ledger,
    guardrails,
    repositories: Object.keys(config.repositories),
    self: ownContainers(),
    signals: () => watch.signals(),
  };
  const observer = startObserving({
    engine: withoutScratch(engine, allDrills(ledger.journal, stateDir)),
    ledger,
    clock,
    log,
    resyncIntervalMs,
    ownerRules: () => {
      const bundle = policies.bundle();
      return bundle === undefined ? NO_OWNER_RULES : ownersFor(bundle, hostLabels);
    },
    onEvent: tell,
  });
  const logWatch = startLogWatch({
    observer,
    rules: () => {
      const bundle = policies.bundle();
      return bundle === undefined ? [] : logRulesFor(bundle, hostLabels);
    },
    clock,
    log,
    tell,
  });
  // Before all who ask whose act an event tells of.
  observer.follow(own);
  const watch = watchSignals({
    observer,
    engine,
    isOwnAct: (event) => own.isOwn(event),
    busy: () => claims.all(),
    ledger,
    clock,
    log,
    docker: config.docker,
    pauses: inState(PAUSES_FILE),
    probes: () => probeSources(policies.bundle(), standing),
    sickImages: () => fleet.sickImages(),
    lastLogAt: (id) => logWatch.lastLogAt(id),
    tell,
  });
  // Before anything else acts, and whatever the policy says: what an earlier life left standing still runs again.
  const quiesce = startQuiesce({
    journal: ledger.quiesced,
    engine,
    claim: (id) => claims.take(id, "backup"),
    ownActs: own,
    self: standing.self,
    engineUpSince: () => watch.signals().engineUpSince,
    trouble: (code, message) => tell({ kind: "trouble", at: clock(), code, message }),
    clock,
    pause: (ms, options) => sleep(ms, undefined, options),
    log,
  });
  const availability = trackAvailability({
    ledger,
    signals: standing.signals,
    clock,
    resyncIntervalMs,
    record,
    failed: stateReports.failed,
  });
  observer.subscribe((inventory) => {
    inventories.look(inventory);
    availability.look(inventory);
    standings.look(readStanding(standing));
  });
  watch.subscribe(() => {
    const inventory = observer.current();
    if (inventory !== undefined) availability.look(inventory);
  });

  const evidence = keepEvidence({
    engine,
    observer,
    signals: standing.signals,
    incidentOf: (containerId) => ledger.incidents.openOf(containerId),
    logLines: () => {
      const bundle = policies.bundle();
      return (bundle === undefined ? POST_MORTEM_TERMS : postMortemTerms(bundle, hostLabels)).logLines;
    },
    tell,
    clock,
    log,
  });

  const sampling = startSampling({
    observer,
    engine,
    clock,
    log,
    sampleIntervalMs,
    onGroup: (group) => {
      const { head, body } = encodeSampleGroup(group);
      tell({ kind: "samples", head, blob: 0 }, body);
    },
    onSweep: (sweep) => evidence.takeSweep(sweep),
  });

  const swaps = swapJournal(inState("restores"));
  const restores = keepRestores({ engine, journal: swaps, clock, log });
  const cacheDir = inState("restic-cache");
  const ordered = { engine, repositories: config.repositories, cacheDir, guardrails, clock };
  const orders = takeOrders({
    client: () => client,
    policyKeys: () => identity?.policyKeys ?? [],
    hostId: () => identity?.hostId,
    taken: ledger.takenOrders,
    performers: {
      restore: performRestore({
        ...ordered,
        journal: swaps,
        hostId: () => identity?.hostId,
        self: standing.self,
        hold: (id) => claims.take(id, "restore"),
      }),
      recover: performRecover({ ...ordered, stateDir, recoveryKeyFile: config.recoveryKeyFile }),
    },
    record,
    trouble: (code, message) => tell({ kind: "trouble", at: clock(), code, message }),
    clock,
    log,
  });

  // Plan, act, record: from the moment on that the host is somebody.
  const repositories = keepRepositories({
    repositories: config.repositories,
    memory: ledger.repositories,
    proofs: ledger.proofs,
    hasRecoveryKey: (name) => readRecoveryKeys(stateDir)[name] !== undefined,
    clock,
    told: (states) => repositoryReports.look(states),
  });
  repositoryReports.look(repositories.states());
  const restic = await openRestic({
    repositories: config.repositories,
    cacheDir,
    noteUse: (...use) => repositories.noteUse(...use),
    noteSize: (...size) => repositories.noteSize(...size),
  });
  const registries = openRegistries(config.registries);
  const lookOutside = outsideLook({
    registries,
    repositories: config.repositories,
    restic,
    ledger,
    client: () => client,
    clock,
    log,
  });
  let steward: Steward | undefined;
  const beginStewardship = (hostId: HostId) => {
    steward = startSteward({
      ...standing,
      engine,
      observer,
      watch,
      ledger,
      bundle: () => policies.bundle(),
      haltedRevision: () => policies.haltedRevision(),
      hostId,
      hostKey: key,
      restic,
      keepHostBundle: hostBundleKeeper(config, {
        engine,
        hostId,
        labels: hostLabels,
        restorePoints: () => ledger.restorePoints.all(),
        policy: () => policies.bundle(),
        recoveryKeys: () => sealingKeys(stateDir, config.recoveryKeys),
        clock,
      }),
      recoveryKey: () => readRecoveryKeyFile(config.recoveryKeyFile),
      registries,
      lookOutside,
      capture: (runId) => (container, verdict) =>
        evidence.beforeHeal(container, { runId, sign: signIn(verdict) }),
      claims,
      ownActs: own,
      quiesce,
      record(entry) {
        record(entry);
        if (entry.kind === "proof") repositoryReports.look(repositories.states());
      },
      log,
      clock,
    });
  };

  // Ship.
  const shipper = startShipper({
    outbox,
    client: () => client,
    status: agentStatus({
      version: VERSION,
      startedAt: clock(),
      policyRevision: () => policies.bundle()?.revision ?? 0,
      guardrails,
      outbox: () => outbox.usage(),
      sampling: () => sampling.rung(),
      capabilities: restic === undefined ? [] : [`restic ${restic.version}`],
    }),
    received: ({ policyRevision, haltedRevision, sickImages }) => {
      fleet.noteSick(sickImages ?? []);
      if (haltedRevision !== undefined) policies.noteHalt(haltedRevision);
      if (policyRevision > (policies.bundle()?.revision ?? 0)) policies.nudge();
    },
    clock,
    log,
  });

  const enrolled = (known: Identity) => {
    identity = known;
    client = signedClient({ collector, signer: { hostId: known.hostId, key }, clock });
    beginStewardship(known.hostId);
    policies.nudge();
    orders.nudge();
    shipper.nudge();
  };
  const { token } = config;
  const enrolment =
    identity === undefined && token !== undefined
      ? startEnrolling({
          collector,
          token,
          key,
          stateDir,
          ...named,
          agentVersion: VERSION,
          clock,
          log,
          enrolled,
          report: tell,
        })
      : undefined;
  if (identity !== undefined) enrolled(identity);
  log.info({ version: VERSION, engine: engine.address, collector: collector.href }, "the agent works");

  return {
    name: "agent",
    outbox,
    hostId: () => identity?.hostId,
    async stop() {
      // What acts ends first, what records and ships last, so that every outcome still finds its place.
      const acting = [enrolment, steward, orders, restores].filter((service) => service !== undefined);
      const telling = [inventories, standings, repositoryReports, availability, policies, shipper];
      await stopAll([...acting, quiesce, sampling, logWatch, evidence, watch, observer, ...telling], log);
      ledger.close();
      outbox.close();
      lock.release();
    },
  };
}

const NOT_ENROLLED =
  "this host is not enrolled: enrollmentToken or enrollmentTokenFile must hold a token of `shipkeeper token create`";
