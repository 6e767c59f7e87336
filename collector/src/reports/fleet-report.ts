/**
 * The fleet report: what the collector knows, said so that a person can act on it. Computes values out of values; it
 * knows neither the store nor how the report is shown.
 */
import { days, formatBytes, formatDuration, type Instant } from "@shipkeeper/kit";
import type { FleetReport, ReportedHost } from "@shipkeeper/protocol";
import { healingFigures } from "../figures/healing-figures.ts";
import { reportAvailability } from "./availability.ts";
import { reportCompliance } from "./compliance.ts";
import { forecastDisk } from "./disk-forecast.ts";
import { reportDrills } from "./drills.ts";
import { cutToOwner, FIGURE_DAYS, type FleetFacts, type HostFact } from "./fleet-facts.ts";
import { reportHeldBack } from "./held-back.ts";
import { ageDaysOf, reportImages } from "./image-ages.ts";
import { reportLogs } from "./loudest-logs.ts";
import { reportPostMortems } from "./newest-post-mortems.ts";
import { needPerson } from "./needs-person.ts";
import { nextThings } from "./next-things.ts";
import { reportRecovery } from "./recovery.ts";
import { reportRestorePoints } from "./restore-points.ts";
import { reportTrouble } from "./trouble-list.ts";
import { reportDone } from "./what-was-done.ts";

export function fleetReport(facts: FleetFacts, now: Instant): FleetReport {
  const hosts = reportHosts(facts, now);
  const total = (of: (host: ReportedHost) => number) => hosts.reduce((sum, host) => sum + of(host), 0);

  const found = {
    at: now,
    since: facts.since,
    owner: facts.owner,
    hosts,
    containers: reportContainers(facts, now),
    trouble: reportTrouble(facts),
    compliance: reportCompliance(facts.compliance),
    availability: reportAvailability(facts.availability),
    healing: healingFigures(facts.incidents, { since: now - days(FIGURE_DAYS), at: now }),
    images: {
      ...reportImages(facts.images, now),
      cacheBytes: total((host) => host.cacheBytes),
      reclaimableBytes: total((host) => host.reclaimableBytes),
    },
    done: reportDone(facts.runs),
    heldBack: reportHeldBack(facts),
    restorePoints: reportRestorePoints(facts),
    recovery: reportRecovery(facts),
    drills: reportDrills(facts),
    logs: reportLogs(facts),
    postMortems: reportPostMortems(facts),
    unowned: reportUnowned(facts),
  };
  return { ...found, truth: truth(found, facts.silentAfterMs), next: nextThings(found, facts, now) };
}

/** The same report about what one owner answers for. */
export function ownerReport(facts: FleetFacts, owner: string, now: Instant): FleetReport {
  return fleetReport(cutToOwner(facts, owner), now);
}

/** One sentence that is true and enough for whoever reads no further. */
function truth(report: Omit<FleetReport, "truth" | "next">, silentAfterMs: number): string {
  const { owner, hosts, containers, images } = report;
  if (hosts.length === 0) {
    return owner === undefined ? "No host is enrolled yet" : `Nothing in the fleet belongs to ${owner}`;
  }
  const reporting = hosts.filter((host) => !host.silent).length;
  const patients = containers.needPerson.length;
  const parts = [
    `${reporting} of ${counted(hosts.length, "host")} reported in the last ${formatDuration(silentAfterMs)}`,
    patients === 0
      ? `none of ${counted(containers.total, "container")} needs a person`
      : `${counted(patients, "container")} ${patients === 1 ? "needs" : "need"} a person`,
    `${formatBytes(images.reclaimableBytes)} can be freed`,
  ];
  return parts.join("; ");
}

function reportHosts(facts: FleetFacts, now: Instant): ReportedHost[] {
  const containersOf = Map.groupBy(facts.containers, (container) => container.host);
  const imagesOf = Map.groupBy(facts.images, (image) => image.host);
  const pointsOf = Map.groupBy(facts.restorePoints, (point) => point.host);

  return facts.hosts
    .map((fact): ReportedHost => {
      const containers = containersOf.get(fact.host) ?? [];
      const images = imagesOf.get(fact.host) ?? [];
      const unused = images.filter((image) => image.usedBy.length === 0);
      const runningAges = images
        .filter((image) => image.runBy.length > 0)
        .map((image) => ageDaysOf(image, now))
        .filter((age) => age !== undefined);
      const points = (pointsOf.get(fact.host) ?? []).map((point) => point.at);
      return {
        host: fact.host,
        owner: fact.owner,
        lastSeenAt: fact.lastSeenAt,
        silent: isSilent(fact, facts.silentAfterMs, now),
        agentVersion: fact.agentVersion,
        policyRevision: fact.policyRevision,
        running: containers.filter(({ state }) => state === "running").length,
        containers: containers.length,
        unhealthy: containers.filter(({ health }) => health === "unhealthy").length,
        images: images.length,
        cacheBytes: fact.cacheBytes,
        reclaimableBytes: unused.reduce((sum, image) => sum + image.ownBytes, fact.idleBuildCacheBytes),
        oldestRunningDays: maximum(runningAges),
        newestRestorePointAt: maximum(points),
        disks: fact.disks.map((disk) => {
          const { path, totalBytes, freeBytes } = disk;
          return { path, totalBytes, freeBytes, forecast: forecastDisk(disk, now) };
        }),
      };
    })
    .sort((a, b) => Number(b.silent) - Number(a.silent) || compare(a.host, b.host));
}

function isSilent({ lastSeenAt }: HostFact, silentAfterMs: number, now: Instant): boolean {
  return lastSeenAt === undefined || now - lastSeenAt > silentAfterMs;
}

function reportContainers(facts: FleetFacts, now: Instant): FleetReport["containers"] {
  const { containers } = facts;
  const byState = Map.groupBy(containers, ({ state }) => state);
  const byHealth = Map.groupBy(containers, ({ health }) => health);
  return {
    total: containers.length,
    byState: [...byState]
      .map(([state, { length: count }]) => ({ state, count }))
      .sort((a, b) => b.count - a.count),
    byHealth: [...byHealth]
      .map(([health, { length: count }]) => ({ health, count }))
      .sort((a, b) => b.count - a.count),
    needPerson: needPerson(facts, now),
  };
}

const EXAMPLES_SHOWN = 10;

/** Nobody is told of what nobody owns. Anonymous volumes belong to their container. */
function reportUnowned(facts: FleetFacts): FleetReport["unowned"] {
  const containers = facts.containers.filter(({ owner }) => owner === undefined);
  const images = facts.images.filter(({ owner }) => owner === undefined);
  const volumes = facts.volumes.filter(({ owner, anonymous }) => owner === undefined && !anonymous);
  const examples = [
    ...containers.map(({ host, name }) => ({ host, what: `container ${name}` })),
    ...volumes.map(({ host, name }) => ({ host, what: `volume ${name}` })),
  ];
  return {
    containers: containers.length,
    images: images.length,
    volumes: volumes.length,
    examples: examples.slice(0, EXAMPLES_SHOWN),
  };
}

const maximum = (numbers: readonly number[]): number | undefined =>
  numbers.length === 0 ? undefined : numbers.reduce((most, number) => Math.max(most, number));
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
