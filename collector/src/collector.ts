/** Builds the collector in the order in which its data flows: store, ingest, policies, judging, upkeep, and the doors to all of it. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Instant } from "@shipkeeper/kit";
import {
  notifyReady,
  stopAll,
  takeLock,
  writeSecretFile,
  type Logger,
  type Service,
} from "@shipkeeper/runtime";
import { createAlerting, startAlerting } from "./alerts/alerting.ts";
import { buildApp } from "./app.ts";
import { readBackupState } from "./backup/backup-state.ts";
import { startBackups, type OwnProgram } from "./backup/run-backups.ts";
import type { CollectorConfig } from "./config.ts";
import { startJudging } from "./compliance/judging.ts";
import { createIngest } from "./ingest/ingest.ts";
import { startMaintenance } from "./maintenance.ts";
import { policyNews } from "./policies/offer.ts";
import { openOrderDesk } from "./orders/order-desk.ts";
import { openPolicyDesk } from "./policies/policy-desk.ts";
import { openPreviewDesk } from "./preview/preview-desk.ts";
import { startRollouts } from "./policies/roll-on.ts";
import { queueAlertMails } from "./reports/alert-mails.ts";
import type { GatherFacts } from "./reports/fleet-facts.ts";
import { gatherFacts } from "./reports/gather-facts.ts";
import { mailQueue } from "./reports/mail-queue.ts";
import { smtpSender } from "./reports/mail.ts";
import { startReportMail, type ReportMail } from "./reports/report-mail.ts";
import { openStore, type Store } from "./store/store.ts";

export { loadCollectorConfig, type CollectorConfig } from "./config.ts";

export interface Collector extends Service {
  /** Where it listens, with the port that it was given. */
  readonly url: string;
}

export interface CollectorDeps {
  readonly log: Logger;
  readonly clock: Clock;
  /** Starts this very program once more, for its own backups; without it none are made. */
  readonly program?: OwnProgram;
}

/** Throws where the folder is in use, the database cannot be, or the address is taken. */
export async function startCollector(
  config: CollectorConfig,
  { log, clock, program }: CollectorDeps,
): Promise<Collector> {
  const { dataDir, policyKeys } = config;
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, 0o700);
  const lock = takeLock(join(dataDir, "collector.lock"));
  const store = openStore(join(dataDir, "collector.db"));
  makeFirstToken(store, { file: join(dataDir, "admin.token"), now: clock(), log });

  const { backup } = config;
  const alerting = createAlerting(
    store,
    backup && (() => ({ state: readBackupState(dataDir), everyMs: backup.every })),
  );
  const ingest = createIngest({
    store,
    policyNews: (hostId, held, now) => policyNews(store, { hostId, held }, now),
    fleetNews: () => alerting.fleetNews(),
    log,
  });
  const policyDesk = openPolicyDesk({ store, log, now: clock, configuredKeys: policyKeys });
  const { trustedKeys, wakeAll } = policyDesk;
  const orderDesk = openOrderDesk({ store, log, trustedKeys, wake: wakeAll });
  const rollouts = startRollouts({ store, policyDesk, now: clock, log });
  const judging = startJudging({ store, now: clock, log });
  const previewDesk = openPreviewDesk({ store, now: clock });
  const maintenance = startMaintenance({ store, now: clock, log });
  const backups =
    backup === undefined || program === undefined
      ? []
      : [
          startBackups({
            dataDir,
            config: backup,
            program,
            hasHosts: () => store.hosts.ids().length > 0,
            now: clock,
            log,
          }),
        ];
  const gather: GatherFacts = (since, now) =>
    gatherFacts(store, { since, now, isCollectorBackedUp: backup !== undefined });
  const reportMail = startReports(store, config, { gather, log, clock });
  const alerts = startAlerting({
    alerting,
    tell: (now) => mailAlerts(store, config, { reportMail, now }),
    now: clock,
    log,
  });
  const secure = config.publicUrl?.startsWith("https:") ?? false;
  const app = await buildApp({
    store,
    ingest,
    policyDesk,
    orderDesk,
    previewDesk,
    gather,
    reportMail,
    now: clock,
    log,
    secure,
  });

  const services: Service[] = [
    { name: "long polls", stop: async () => policyDesk.close() },
    { name: "previews", stop: async () => previewDesk.close() },
    { name: "http", stop: () => app.close() },
    rollouts,
    alerts,
    reportMail,
    judging,
    maintenance,
    ...backups,
    { name: "store", stop: async () => store.close() },
    { name: "folder lock", stop: async () => lock.release() },
  ];
  const url = await app.listen(config.listen).catch(async (cause: unknown) => {
    await stopAll(services, log);
    throw new Error(`cannot listen on ${config.listen.host}:${config.listen.port}`, { cause });
  });
  log.info({ url, dataDir }, "the collector listens");
  if (backup === undefined)
    log.warn({ dataDir }, "the collector's own database is not backed up: backup.to says where to");
  notifyReady(log);
  return { name: "collector", url, stop: () => stopAll(services, log) };
}

function startReports(
  store: Store,
  { mail, reports, publicUrl }: CollectorConfig,
  { gather, log, clock }: { gather: GatherFacts; log: Logger; clock: Clock },
): ReportMail {
  return startReportMail({
    queue: mailQueue(store.db),
    send: mail === undefined ? undefined : smtpSender(mail),
    ...reports,
    gather,
    owners: () => store.owners.list(),
    publicUrl,
    now: clock,
    log,
  });
}

async function mailAlerts(
  store: Store,
  { mail, alerts, publicUrl }: CollectorConfig,
  { reportMail, now }: { reportMail: ReportMail; now: Instant },
): Promise<void> {
  if (mail === undefined) return;
  const queued = await queueAlertMails(
    {
      alerts: store.alerts,
      queue: mailQueue(store.db),
      transaction: store.transaction,
      owners: () => store.owners.list(),
      operators: alerts.mail,
      publicUrl,
    },
    now,
  );
  if (queued > 0) reportMail.nudge();
}

/**
 * Somebody must be able to make the other tokens. The file is written before the token counts: a crash in between
 * leaves a file that the next start replaces, never a token that nobody knows.
 */
function makeFirstToken(store: Store, { file, now, log }: { file: string; now: Instant; log: Logger }): void {
  if (store.apiTokens.list().length > 0) return;
  store.transaction(() => {
    const first = { name: "first-admin", role: "admin", createdBy: "the collector" } as const;
    writeSecretFile(file, `${store.apiTokens.make(first, now).token}\n`, { overwrite: true });
  });
  log.info({ file }, "made the first admin token");
}
