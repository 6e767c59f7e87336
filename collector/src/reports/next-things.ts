/** The to-do list of the report: what people should do next, the most urgent first, each with its owner. */
import { DAY_MS, formatBytes, formatDuration, printable, type Instant } from "@shipkeeper/kit";
import type { DoneStep, FleetReport, NextThing } from "@shipkeeper/protocol";

const THINGS_SHOWN = 10;
/** A disk that fills within a working week is somebody's job today. */
const DISK_NOW_DAYS = 7;
const DISK_SOON_DAYS = 30;
/** Two missed nightly backups. */
const RESTORE_POINT_TOO_OLD_MS = 2 * DAY_MS;
const VERY_OLD_IMAGE_DAYS = 180;
const ANCIENT_IMAGE_DAYS = 730;
/** So that one kind of trouble does not push out all others. */
const MOST_OF_A_KIND = 3;

const URGENCY = ["now", "soon", "plan"] as const;

type Found = Omit<FleetReport, "next" | "truth">;

export function nextThings(report: Found, now: Instant): NextThing[] {
  const things = [
    ...firstHost(report),
    ...patients(report),
    ...silentHosts(report, now),
    ...fillingDisks(report),
    ...failures(report),
    ...staleBackups(report, now),
    ...missingBackups(report),
    ...oldImages(report),
    ...unownedThings(report),
    ...roomToFree(report),
  ];
  return things
    .map((thing, place) => ({ thing, place }))
    .sort((a, b) => URGENCY.indexOf(a.thing.urgency) - URGENCY.indexOf(b.thing.urgency) || a.place - b.place)
    .slice(0, THINGS_SHOWN)
    .map(({ thing }) => thing);
}

function firstHost({ hosts, owner }: Found): NextThing[] {
  if (hosts.length > 0 || owner !== undefined) return [];
  const why = "shipkeeper token create makes the token that its agent needs";
  return [{ urgency: "plan", kind: "no-host", what: "Enrol the first host", why }];
}

function patients({ containers }: Found): NextThing[] {
  return atMost(containers.needPerson, "container-needs-person", ({ host, container, owner, why }) => ({
    urgency: "now",
    what: `Look after ${short(container)} on ${short(host)}`,
    why,
    host,
    owner,
  }));
}

function silentHosts({ hosts }: Found, now: Instant): NextThing[] {
  const silent = hosts.filter((host) => host.silent);
  return atMost(silent, "silent-host", ({ host, owner, lastSeenAt }) => ({
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
  return atMost(filling, "disk-fills", ({ host, owner, path, freeBytes, daysLeft }) => ({
    urgency: daysLeft <= DISK_NOW_DAYS ? "now" : "soon",
    what: `Make room on ${short(host)}`,
    why: `${short(path)} is full in ${daysLeft} days if it goes on like this; ${formatBytes(freeBytes)} are free`,
    host,
    owner,
  }));
}

function failures({ done }: Found): NextThing[] {
  const failed = done.steps.filter(isFailure);
  return atMost(failed, "step-failed", ({ host, action, target, owner, trouble }) => ({
    urgency: action === "backup" ? "now" : "soon",
    what: `Find out why the ${action} of ${short(target)} on ${short(host)} failed`,
    why: trouble ?? "how it ended is not known",
    host,
    owner,
  }));
}

const isFailure = ({ status }: DoneStep): boolean => status === "failed" || status === "unknown";

function staleBackups({ restorePoints }: Found, now: Instant): NextThing[] {
  const stale = restorePoints.datasets.filter(({ newestAt }) => now - newestAt > RESTORE_POINT_TOO_OLD_MS);
  return atMost(stale, "restore-point-too-old", ({ host, volume, owner, newestAt }) => ({
    urgency: "soon",
    what: `Get ${short(volume)} on ${short(host)} backed up again`,
    why: `its newest restore point is ${formatDuration(now - newestAt)} old`,
    host,
    owner,
  }));
}

function missingBackups({ restorePoints, done }: Found): NextThing[] {
  const tried = new Set(done.steps.filter(isFailure).map(({ host, target }) => `${host} ${target}`));
  const forgotten = restorePoints.unprotected.filter(({ host, volume }) => !tried.has(`${host} ${volume}`));
  return atMost(forgotten, "volume-without-backup", ({ host, volume, owner, sizeBytes }) => ({
    urgency: "soon",
    what: `Back up ${short(volume)} on ${short(host)}`,
    why: `in use and without any restore point${sizeBytes === undefined ? "" : `, ${formatBytes(sizeBytes)}`}`,
    host,
    owner,
  }));
}

function oldImages({ images }: Found): NextThing[] {
  const old = images.oldestRunning.filter(({ ageDays }) => (ageDays ?? 0) > VERY_OLD_IMAGE_DAYS);
  return atMost(old, "old-image-runs", ({ host, image, owner, ageDays = 0, usedBy }) => ({
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

function atMost<Thing>(
  things: readonly Thing[],
  kind: string,
  tell: (thing: Thing) => Omit<NextThing, "kind">,
): NextThing[] {
  const told = things.slice(0, MOST_OF_A_KIND).map((thing) => ({ ...tell(thing), kind }));
  const more = things.length - told.length;
  const last = told.at(-1);
  if (more > 0 && last !== undefined) last.why = `${last.why}; and ${more} more like this`;
  return told;
}

/** A name within a sentence: so long that the sentence still comes to its end. */
const short = (name: string): string => printable(name, 60);

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
