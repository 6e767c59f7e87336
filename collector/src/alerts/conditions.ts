/** What people must know of, told from what the hosts said last. It judges; when to look, and what was told before, others know. */
import { formatInstant, MINUTE_MS, printable, type Instant } from "@shipkeeper/kit";
import { databaseSign, HOST_IDENTITY, SEVERITIES, type Incident } from "@shipkeeper/policy";
import { SILENT_AFTER_MS } from "@shipkeeper/protocol";
import { alarmOf } from "../alarm-codes.ts";
import { severityOf } from "../severity-label.ts";
import type { Alert } from "../store/alerts.ts";
import type { Alarm, HostToWatch, OpenIncident } from "../store/alert-facts.ts";
import { backupConditions, type BackupWord } from "./backup-conditions.ts";
import type { FleetStorm } from "./fleet-storms.ts";
import { ownBackupCondition, type OwnBackupWord } from "./own-backup-condition.ts";

/** An incident that nobody treats for so long is for people to look at. */
export const LASTING_MS = 15 * MINUTE_MS;

/** What is wrong now. Its key stays the same for as long as it is the same thing that is wrong, however it goes on. */
export type Condition = Pick<
  Alert,
  "key" | "kind" | "severity" | "hostId" | "owner" | "subject" | "title" | "why" | "incidentId"
>;

export interface FleetWord {
  readonly incidents: readonly OpenIncident[];
  readonly storms: readonly FleetStorm[];
  readonly hosts: readonly HostToWatch[];
  /** The newest of each code and host; one that is an hour old is over. */
  readonly alarms: readonly Alarm[];
  readonly backups: BackupWord;
  /** Absent where none is configured. */
  readonly ownBackup?: OwnBackupWord | undefined;
  readonly halted?: { readonly revision: number; readonly by: string; readonly reasons: readonly string[] };
}

/** One condition for each key, the worst of those that have it. */
export function conditionsOf(word: FleetWord, now: Instant): Condition[] {
  const stormy = new Set<string>(word.storms.flatMap(({ imageIds }) => imageIds));
  const all = [
    ...word.incidents.flatMap((one) => incidentCondition(one, stormy, now) ?? []),
    ...word.storms.map(stormCondition),
    ...word.hosts.flatMap((host) => silentHost(host, now) ?? silentEngine(host, now) ?? []),
    ...backupConditions(word.backups, now),
    ...word.alarms.flatMap((alarm) => alarmCondition(alarm) ?? []),
    ...(word.halted === undefined ? [] : [haltedRollout(word.halted)]),
    ...[word.ownBackup && ownBackupCondition(word.ownBackup, now)].flatMap((one) => one ?? []),
  ];
  return [...Map.groupBy(all, ({ key }) => key).values()].flatMap((same) =>
    same.toSorted(bySeverity).slice(0, 1),
  );
}

/** All that an incident can come to has one key: what gets worse is the same alert, more severe. */
function incidentCondition(
  { hostId, host, lastSeenAt, incident, container }: OpenIncident,
  stormyImages: ReadonlySet<string>,
  now: Instant,
): Condition | undefined {
  const { identity, sign, handedOverAt, heals, detectedAt } = incident;
  const name = incident.container?.name ?? host;
  const shared = {
    key: `${hostId}/${identity}/incident`,
    hostId,
    owner: container?.owner ?? incident.owner,
    subject: name,
    why: incidentInWords(incident),
    incidentId: incident.id,
  };
  const labelled = severityOf(container?.body.labels ?? {});
  if (identity === HOST_IDENTITY) {
    const severity = "critical" as const;
    return { ...shared, kind: "host-storm", severity, title: `${host}: many containers are sick at once` };
  }
  const where = `${name} on ${host}`;
  if (sign === "unkillable") {
    const severity = labelled ?? "critical";
    return { ...shared, kind: "unkillable", severity, title: `${where} cannot be ended or healed` };
  }
  if (handedOverAt !== undefined) {
    const isDatabase = container !== undefined && databaseSign(container.body, undefined) !== undefined;
    const severity = labelled ?? (isDatabase ? "critical" : "high");
    return {
      ...shared,
      kind: "handed-over",
      severity,
      title: `${where} is sick, and restarting does not help`,
    };
  }
  // A storm is told as a storm, and what a silent host told last may have been treated since.
  const isToldOtherwise =
    stormyImages.has(incident.container?.imageId ?? "") || isSilent({ lastSeenAt }, now);
  if (heals === 0 && now - detectedAt > LASTING_MS && !isToldOtherwise) {
    const severity = labelled ?? "medium";
    return { ...shared, kind: "lasting", severity, title: `${where} is sick, and nothing was done about it` };
  }
  return undefined;
}

/** `its health check fails, since 2030-01-31 02:00Z; 5 orders to heal did not last; …; with it: shop-web-1` */
function incidentInWords({ cause, sickAt, heals, handedOverWhy, members }: Incident): string {
  const parts = [
    `${cause}, since ${formatInstant(sickAt)}`,
    ...(heals === 0 ? [] : [`${heals} ${heals === 1 ? "order" : "orders"} to heal did not last`]),
    ...(handedOverWhy === undefined ? [] : [handedOverWhy]),
    ...(members.length === 0 ? [] : [`with it: ${members.map(({ name }) => name).join(", ")}`]),
  ];
  return printable(parts.join("; "), MOST_WHY);
}

function stormCondition({ image, hosts, since, owners }: FleetStorm): Condition {
  return {
    key: `fleet/${image}`,
    kind: "fleet-storm",
    severity: "critical",
    owner: owners.length === 1 ? owners[0] : undefined,
    subject: image,
    title: `${image} is sick on ${hosts.length} hosts: it is not healed there any more`,
    why: printable(
      `since ${formatInstant(since)} on ${hosts.join(", ")}; where one image falls ill everywhere, restarting it helps nobody`,
      MOST_WHY,
    ),
  };
}

function isSilent({ lastSeenAt }: { lastSeenAt: Instant | undefined }, now: Instant): boolean {
  return lastSeenAt === undefined || now - lastSeenAt >= SILENT_AFTER_MS;
}

function silentHost(
  { hostId, host, labels, owner, lastSeenAt }: HostToWatch,
  now: Instant,
): Condition | undefined {
  if (!isSilent({ lastSeenAt }, now)) return undefined;
  return {
    key: `${hostId}/host/silent`,
    kind: "host-silent",
    severity: severityOf(labels) ?? "high",
    hostId,
    owner,
    subject: host,
    title: `${host} is not heard of`,
    why: `its agent was heard of last ${formatInstant(lastSeenAt)}; what runs there is not known`,
  };
}

function silentEngine(
  { hostId, host, labels, owner, engineSilentSince }: HostToWatch,
  now: Instant,
): Condition | undefined {
  if (engineSilentSince === undefined || now - engineSilentSince < SILENT_AFTER_MS) return undefined;
  return {
    key: `${hostId}/host/engine`,
    kind: "engine-silent",
    severity: severityOf(labels) ?? "high",
    hostId,
    owner,
    subject: host,
    title: `The Docker engine of ${host} does not answer`,
    why: `it answered last about ${formatInstant(engineSilentSince)}; what runs there may still run, and is not healed`,
  };
}

function alarmCondition({ hostId, host, code, message }: Alarm): Condition | undefined {
  const alarm = alarmOf(code);
  if (alarm === undefined) return undefined;
  return {
    key: `${hostId}/${code}/alarm`,
    kind: "alarm",
    severity: "high",
    hostId,
    subject: host,
    title: alarm.what(printable(host, 60)),
    why: printable(message, MOST_WHY),
  };
}

function haltedRollout({ revision, by, reasons }: NonNullable<FleetWord["halted"]>): Condition {
  return {
    key: `fleet/rollout ${revision}`,
    kind: "rollout-halted",
    severity: "high",
    subject: `policy revision ${revision}`,
    title: `The rollout of policy revision ${revision} is halted: hosts that have it only observe`,
    why: printable(`halted by ${by}: ${reasons.join("; ")}`, MOST_WHY),
  };
}

const MOST_WHY = 1_000;

const bySeverity = (a: Condition, b: Condition): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
