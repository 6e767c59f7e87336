/** The to-do list of the report: what people should do next, the most urgent first, each with its owner. */
import { DAY_MS, formatBytes, formatDuration, formatInstant, printable, type Instant } from "@shipkeeper/kit";
import type { Severity } from "@shipkeeper/policy";
import type { AlertKind, DoneStep, FleetReport, NeedsPerson, NextThing, Urgency } from "@shipkeeper/protocol";
import { fitThings } from "./fit-things.ts";
import type { FleetFacts } from "./fleet-facts.ts";
import { ageDaysOf } from "./image-ages.ts";
import { responseInWords } from "./trouble-words.ts";
import { haltedRollout, policyAlarms } from "./policy-alarms.ts";

const THINGS_SHOWN = 10;
/** A disk that fills within a working week is somebody's job today. */
const DISK_NOW_DAYS = 7;
const DISK_SOON_DAYS = 30;
/** An end before the next daily report is somebody's job today. */
const ENDS_NOW_MS = DAY_MS;
/** Two missed nightly backups. */
const RESTORE_POINT_TOO_OLD_MS = 2 * DAY_MS;
const VERY_OLD_IMAGE_DAYS = 180;
const ANCIENT_IMAGE_DAYS = 730;
/** So that one kind of trouble does not push out all others. */
const MOST_OF_A_KIND = 3;

type Found = Omit<FleetReport, "next" | "truth">;

export function nextThings(report: Found, facts: FleetFacts, now: Instant): NextThing[] {
  const kinds = [
    firstHost(report),
    urgentAlerts(report),
    haltedRollout(facts),
    policyAlarms(facts),
    patients(report),
    silentHosts(report, now),
    fillingDisks(report),
    failures(report),
    endingContainers(facts, now),
    grave(report, facts, now),
    staleBackups(report, now),
    missingBackups(report),
    collectorBackup(report),
    oldImages(report, facts),
    unownedThings(report),
    roomToFree(report),
    unwatchedContainers(facts),
    forgottenImages(facts, now),
  ];
  return fitThings(kinds, { places: THINGS_SHOWN, placesOfAKind: MOST_OF_A_KIND });
}

function firstHost({ hosts, owner }: Found): NextThing[] {
  if (hosts.length > 0 || owner !== undefined) return [];
  const why = "shipkeeper token create makes the token that its agent needs";
  return [{ urgency: "plan", kind: "no-host", what: "Enrol the first host", why }];
}

/** Of these the report's other things tell by themselves. */
const TOLD_OTHERWISE: ReadonlySet<AlertKind> = new Set(["host-silent", "alarm", "rollout-halted"]);

/** What is urgent and nobody took on. */
function urgentAlerts({ trouble, at }: Found): NextThing[] {
  const urgent = trouble.alerts.filter(
    ({ severity, kind, acknowledgedBy }) =>
      (severity === "critical" || severity === "high") &&
      acknowledgedBy === undefined &&
      !TOLD_OTHERWISE.has(kind),
  );
  return each(urgent, "alert", (alert) => ({
    urgency: "now",
    what: printable(alert.title, 140),
    why: `${responseInWords(alert, at)}; ${printable(alert.why, 200)}`,
    host: alert.host,
    owner: alert.owner,
  }));
}

function patients({ containers, trouble }: Found): NextThing[] {
  const isTold = ({ host, container }: NeedsPerson) =>
    trouble.alerts.some((alert) => alert.host === host && alert.subject === container);
  const untold = containers.needPerson.filter((patient) => !isTold(patient));
  return each(untold, "container-needs-person", ({ host, container, owner, why }) => ({
    urgency: "now",
    what: `Look after ${short(container)} on ${short(host)}`,
    why,
    host,
    owner,
  }));
}

function silentHosts({ hosts }: Found, now: Instant): NextThing[] {
  const silent = hosts.filter((host) => host.silent);
  return each(silent, "silent-host", ({ host, owner, lastSeenAt }) => ({
    urgency: "now",
    what: `Find out why ${short(host)} is silent`,
    why:
      lastSeenAt === undefined
        ? "it never reported"
        : `last heard of ${formatDuration(now - lastSeenAt)} ago`,
    host,
    owner,
  }));
}

function fillingDisks({ hosts }: Found): NextThing[] {
  const filling = hosts
    .flatMap(({ host, owner, disks }) => disks.map((disk) => ({ ...disk, host, owner })))
    .flatMap(({ forecast, ...disk }) =>
      forecast.kind === "fills" ? [{ ...disk, daysLeft: forecast.daysLeft }] : [],
    )
    .filter(({ daysLeft }) => daysLeft <= DISK_SOON_DAYS)
    .sort((a, b) => a.daysLeft - b.daysLeft);
  return each(filling, "disk-fills", ({ host, owner, path, freeBytes, daysLeft }) => ({
    urgency: daysLeft <= DISK_NOW_DAYS ? "now" : "soon",
    what: `Make room on ${short(host)}`,
    why: `${short(path)} is full in ${daysLeft} days if it goes on like this; ${formatBytes(freeBytes)} are free`,
    host,
    owner,
  }));
}

function failures({ done }: Found): NextThing[] {
  const failed = done.steps.filter(isFailure);
  return each(failed, "step-failed", ({ host, action, target, owner, trouble }) => ({
    urgency: action === "backup" ? "now" : "soon",
    what: `Find out why the ${action} of ${short(target)} on ${short(host)} failed`,
    why: trouble ?? "how it ended is not known",
    host,
    owner,
  }));
}

const URGENCY_OF: Partial<Record<Severity, Urgency>> = { critical: "now", high: "soon" };

/** Findings that somebody has to mend, owner by owner. */
function grave({ restorePoints }: Found, { compliance }: FleetFacts, now: Instant): NextThing[] {
  const isToldAlready = restorePoints.unprotected.length + stale(restorePoints, now).length > 0;
  return compliance.findings
    .filter(({ isWaived, check }) => !isWaived && !(isToldAlready && check === "volume-not-backed-up"))
    .sort((a, b) => b.count - a.count)
    .flatMap(({ title, severity, owner, count, example: { name, host, says } }) => {
      const urgency = URGENCY_OF[severity];
      if (urgency === undefined) return [];
      const what = `Mend ${counted(count, `${severity} finding`)}: ${title}`;
      const why = `${count === 1 ? "" : "for one "}${short(name)} on ${short(host)}: ${says}`;
      return [{ urgency, kind: "finding", what, why, owner }];
    });
}

const isFailure = ({ status }: DoneStep): boolean => status === "failed" || status === "unknown";

/** What a rule announced to stop: its owner moves it, or asks for an exception, while there is time. */
function endingContainers({ held }: FleetFacts, now: Instant): NextThing[] {
  const ending = held
    .flatMap(({ endsAt, ...thing }) => (endsAt === undefined ? [] : [{ ...thing, endsAt }]))
    .sort((a, b) => a.endsAt - b.endsAt);
  return each(ending, "container-ends", ({ host, target, owner, endsAt, words }) => ({
    urgency: endsAt - now <= ENDS_NOW_MS ? "now" : "soon",
    what: `Replace or move ${short(target.name)} on ${short(host)}: it expires on ${formatInstant(endsAt)}`,
    why: words,
    host,
    owner,
  }));
}
const stale = ({ datasets }: Found["restorePoints"], now: Instant) =>
  datasets.filter(({ newestAt }) => now - newestAt > RESTORE_POINT_TOO_OLD_MS);

function staleBackups({ restorePoints }: Found, now: Instant): NextThing[] {
  return each(stale(restorePoints, now), "restore-point-too-old", ({ host, dataset, owner, newestAt }) => ({
    urgency: "soon",
    what: `Get ${short(dataset)} on ${short(host)} backed up again`,
    why: `its newest restore point is ${formatDuration(now - newestAt)} old`,
    host,
    owner,
  }));
}

function missingBackups({ restorePoints, done }: Found): NextThing[] {
  const tried = new Set(done.steps.filter(isFailure).map(({ host, target }) => `${host} ${target}`));
  const forgotten = restorePoints.unprotected.filter(({ host, volume }) => !tried.has(`${host} ${volume}`));
  return each(forgotten, "volume-without-backup", ({ host, volume, owner, sizeBytes }) => ({
    urgency: "soon",
    what: `Back up ${short(volume)} on ${short(host)}`,
    why: `in use and without any restore point${sizeBytes === undefined ? "" : `, ${formatBytes(sizeBytes)}`}`,
    host,
    owner,
  }));
}

/** What every host told is lost with it, and no host can tell it again. */
function collectorBackup({ hosts, recovery }: Found): NextThing[] {
  if (hosts.length === 0 || recovery.isCollectorBackedUp !== false) return [];
  const why = "its database is in one place only; backup.to in its configuration says where else";
  return [{ urgency: "soon", kind: "collector-not-backed-up", what: "Back up the collector itself", why }];
}

/** Where a policy limits the age of what runs, its findings tell of it. */
function oldImages({ images }: Found, { compliance }: FleetFacts): NextThing[] {
  if (compliance.findings.some(({ check }) => check === "running-image-too-old")) return [];
  const old = images.oldestRunning.filter(({ ageDays }) => (ageDays ?? 0) > VERY_OLD_IMAGE_DAYS);
  return each(old, "old-image-runs", ({ host, image, owner, ageDays = 0, usedBy }) => ({
    urgency: ageDays > ANCIENT_IMAGE_DAYS ? "soon" : "plan",
    what: `Rebuild ${short(image)}`,
    why: `${ageDays} days old and running as ${short(usedBy[0] ?? "a container")} on ${short(host)}`,
    host,
    owner,
  }));
}

function unownedThings({ unowned, owner }: Found): NextThing[] {
  if (owner !== undefined || unowned.containers === 0) return [];
  const what = `Name an owner for ${counted(unowned.containers, "container")}`;
  const first = unowned.examples[0];
  const why = `nobody is told when they fail${first === undefined ? "" : `; ${short(first.what)} on ${short(first.host)} is one`}`;
  return [{ urgency: "plan", kind: "unowned-containers", what, why }];
}

/** Too little to free is no job for anybody. */
const WORTH_FREEING_BYTES = 1e9;

function roomToFree({ hosts }: Found): NextThing[] {
  const most = hosts.reduce<Found["hosts"][number] | undefined>(
    (best, host) => (host.reclaimableBytes > (best?.reclaimableBytes ?? 0) ? host : best),
    undefined,
  );
  if (most === undefined || most.reclaimableBytes < WORTH_FREEING_BYTES) return [];
  const what = `Let prune free ${formatBytes(most.reclaimableBytes)} on ${short(most.host)}`;
  return [
    { urgency: "plan", kind: "room-to-free", what, why: "no container uses these images", host: most.host },
  ];
}

/** A container that runs and does not work is found by its health check alone. */
function unwatchedContainers({ containers }: FleetFacts): NextThing[] {
  const unwatched = containers.filter(({ state, health }) => state === "running" && health === "none");
  const byOwner = [...Map.groupBy(unwatched, ({ owner }) => owner)].sort(
    ([, a], [, b]) => b.length - a.length,
  );
  return each(byOwner, "no-health-check", ([owner, [first, ...others]]) => ({
    urgency: "plan",
    what: `Give ${counted(others.length + 1, "running container")} a health check`,
    why: `Shipkeeper sees that they run, not that they work; ${short(first?.name ?? "")} on ${short(first?.host ?? "")} is one`,
    owner,
  }));
}

/** What a rule kept has its reason in the report; these no rule of their host has judged. */
function forgottenImages({ images, held, owner }: FleetFacts, now: Instant): NextThing[] {
  const keyOf = (host: string, id: string) => `${host} ${id}`;
  const judged = new Set(held.map(({ host, target }) => keyOf(host, target.id)));
  const forgotten = images
    .filter(({ host, id, usedBy }) => usedBy.length === 0 && !judged.has(keyOf(host, id)))
    .filter((image) => (ageDaysOf(image, now) ?? 0) > VERY_OLD_IMAGE_DAYS)
    .sort((a, b) => b.ownBytes - a.ownBytes);
  const [largest] = forgotten;
  if (largest === undefined) return [];
  const bytes = forgotten.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  const what = `Let a policy look after ${counted(forgotten.length, "old image")} that nothing uses`;
  const why = `built over ${VERY_OLD_IMAGE_DAYS} days ago, ${formatBytes(bytes)}, and no rule removes them; ${short(largest.name)} on ${short(largest.host)} is the largest`;
  return [{ urgency: "plan", kind: "old-image-unused", what, why, owner }];
}

function each<Thing>(
  things: readonly Thing[],
  kind: string,
  tell: (thing: Thing) => Omit<NextThing, "kind">,
): NextThing[] {
  return things.map((thing) => ({ ...tell(thing), kind }));
}

/** A name within a sentence: so long that the sentence still comes to its end. */
const short = (name: string): string => printable(name, 60);

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
