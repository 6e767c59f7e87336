/** Reads the store for a report, noun by noun, and hands out plain values. Nothing is judged here. */
import type { Instant } from "@shipkeeper/kit";
import { HOST_SUBJECT, NOT_READ } from "@shipkeeper/model";
import { readDatasetId } from "@shipkeeper/policy";
import {
  SILENT_AFTER_MS,
  type ApiContainer,
  type ApiEvent,
  type ApiHost,
  type ApiHostDetail,
  type ApiImage,
} from "@shipkeeper/protocol";
import { cacheBytes, ownBytes } from "./cache-size.ts";
import { everyPage, type FactSource } from "./fact-source.ts";
import { gatherCompliance } from "./gather-compliance.ts";
import type { DiskFact, FleetFacts, HaltedRolloutFact, HostFact, ImageFact } from "./fleet-facts.ts";
import { logFact } from "./loudest-logs.ts";
import { MOST_GATHERED, postMortemFact } from "./newest-post-mortems.ts";
import { gatherFigures } from "./gather-figures.ts";
import { drillFact } from "./drills.ts";
import { gatherHeld } from "./gather-held.ts";
import { gatherRecovery } from "./gather-recovery.ts";
import { gatherRuns } from "./gather-runs.ts";
import { gatherAlerts } from "./gather-alerts.ts";

export interface GatherRequest {
  readonly since: Instant;
  readonly now: Instant;
  readonly isCollectorBackedUp: boolean;
}

export async function gatherFacts(
  store: FactSource,
  { since, now, isCollectorBackedUp }: GatherRequest,
): Promise<FleetFacts> {
  const hosts = (await everyPage((page) => store.hosts.list({ ...page, sort: "hostname" }, now))).filter(
    ({ state }) => state !== "revoked",
  );
  const nameOf = uniqueNames(hosts);
  const named = <Row extends { readonly hostId: string }>(rows: readonly Row[]) =>
    rows.flatMap((row) => {
      const host = nameOf.get(row.hostId);
      return host === undefined ? [] : [{ ...row, host }]; // of a revoked host
    });

  const containers = named(await everyPage((page) => store.containers.list({ ...page, sort: "name" })));
  const images = named(await everyPage((page) => store.images.list({ ...page, sort: "name" }, now)));
  const volumes = named(await everyPage((page) => store.volumes.list({ ...page, sort: "name" })));
  const points = named(await everyPage((page) => store.restorePoints.list({ ...page, sort: "at" })));
  const ownerOfVolume = new Map(volumes.map(({ host, name, owner }) => [`${host} ${name}`, owner]));
  const ownerOfDataset = ({ host, dataset }: { readonly host: string; readonly dataset: string }) =>
    ownerOfVolume.get(`${host} ${readDatasetId(dataset)?.name}`);
  const imagesOf = Map.groupBy(images, ({ hostId }) => hostId);

  const hostFacts: HostFact[] = [];
  for (const host of hosts) {
    const detail = await store.hosts.find(host.id, now);
    if (detail === undefined) continue;
    const history = await readDiskHistory(store, detail, now);
    hostFacts.push(
      hostFact(detail, nameOf.get(host.id) ?? host.hostname, imagesOf.get(host.id) ?? [], history),
    );
  }

  return {
    since,
    silentAfterMs: SILENT_AFTER_MS,
    hosts: hostFacts,
    containers: containers.map(({ host, id, name, owner, state, health }) => ({
      host,
      id,
      name,
      owner,
      state,
      health: health.status,
      unhealthySince: health.unhealthySince,
    })),
    images: imageFacts(images, containers, { findings: await store.findings.ofImages(now), now }),
    volumes: volumes.map(({ host, name, owner, anonymous, sizeBytes, users }) => ({
      host,
      name,
      owner,
      anonymous,
      sizeBytes,
      users: users.length,
    })),
    runs: named(await gatherRuns(store, since)),
    ...(await gatherHeld(store, nameOf)),
    alerts: await gatherAlerts(store, nameOf, { since, now }),
    compliance: await gatherCompliance(store, nameOf, now),
    ...(await gatherFigures(store, nameOf, now)),
    ...(await gatherRecovery(store, nameOf, now)),
    isCollectorBackedUp,
    troubles: named(await newestTroubles(store, since)).map(({ host, at, what: code, message }) => ({
      host,
      at,
      code,
      message,
    })),
    haltedRollout: haltedRollout(store),
    logs: named(await everyPage((page) => store.logs.list({ ...page, sort: "-bytesPerMinute" }))).flatMap(
      (log) => logFact(log) ?? [],
    ),
    postMortems: named(
      (await store.postMortems.list({ limit: MOST_GATHERED, sort: "-at", from: since, to: now })).items,
    ).map(postMortemFact),
    restorePoints: points.map(({ host, dataset, repository, at, bytes, addedBytes }) => ({
      host,
      dataset,
      repository,
      at,
      bytes,
      addedBytes,
      owner: ownerOfDataset({ host, dataset }),
    })),
    drills: named(await store.drills.newest()).map((drill) =>
      drillFact({ ...drill, owner: ownerOfDataset(drill) }),
    ),
  };
}

/** More than these say nothing that these do not. */
const MOST_TROUBLES = 500;

async function newestTroubles({ events }: FactSource, since: Instant): Promise<ApiEvent[]> {
  const page = { limit: MOST_TROUBLES, sort: "-at", kind: "trouble", from: since } as const;
  return (await events.list(page)).items;
}

function haltedRollout({ rollouts }: FactSource): HaltedRolloutFact | undefined {
  const { revision = 0, halted } = rollouts.newest() ?? {};
  return halted === undefined ? undefined : { revision, by: halted.by, reasons: halted.reasons };
}

/** Cloned machines share their name: then a piece of the id tells them apart. */
function uniqueNames(hosts: readonly ApiHost[]): Map<string, string> {
  const namesakes = Map.groupBy(hosts, ({ hostname }) => hostname);
  return new Map(
    hosts.map(({ id, hostname }) => {
      const isAlone = namesakes.get(hostname)?.length === 1;
      return [id, isAlone ? hostname : `${hostname} (${id.slice(0, 8)})`];
    }),
  );
}

function hostFact(
  detail: ApiHostDetail,
  host: string,
  images: readonly ApiImage[],
  history: DiskFact["history"],
): HostFact {
  const { owner, lastSeenAt, agentVersion, policyRevision, buildCache, facts } = detail;
  const idle = buildCache.filter(({ inUse, shared }) => !inUse && !shared);
  return {
    host,
    owner,
    lastSeenAt,
    agentVersion,
    policyRevision,
    cacheBytes: cacheBytes(images),
    idleBuildCacheBytes: idle.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    disks: (facts?.disks ?? []).map(({ path, totalBytes, freeBytes }, place) => ({
      path,
      totalBytes,
      freeBytes,
      history: place === 0 ? history : [],
    })),
  };
}

function imageFacts(
  images: readonly (ApiImage & { host: string })[],
  containers: readonly ApiContainer[],
  { findings, now }: { findings: Awaited<ReturnType<FactSource["findings"]["ofImages"]>>; now: Instant },
): ImageFact[] {
  const checks = new Map(findings.map((found) => [`${found.hostId} ${found.imageId}`, found.checks]));
  const users = Map.groupBy(containers, ({ hostId, imageId }) => `${hostId} ${imageId}`);
  return images.map((image) => {
    const { host, id, name, owner, createdAt, sizeBytes, unusedForMs } = image;
    const own = users.get(`${image.hostId} ${id}`) ?? [];
    return {
      host,
      id,
      name,
      owner,
      createdAt,
      sizeBytes,
      ownBytes: ownBytes(image),
      base: image.base?.name,
      usedBy: own.map((container) => container.name),
      runBy: own.filter(({ state }) => state === "running").map((container) => container.name),
      findings: checks.get(`${image.hostId} ${id}`) ?? [],
      unusedSince: unusedForMs === undefined ? undefined : now - unusedForMs,
    };
  });
}

/** One reading every two hours of the last week tells a trend, and costs no more than a page of the dashboard. */
const HISTORY_MS = 7 * 86_400_000;
const STEP_MS = 2 * 3_600_000;
/** Agents take readings more often than this. */
const GLANCE_MS = 3 * 60_000;

/** Free bytes of the disk that the host's readings are of: the engine's, which agents name first. */
async function readDiskHistory(
  { samples }: FactSource,
  { id: hostId }: ApiHostDetail,
  now: Instant,
): Promise<DiskFact["history"]> {
  const history: { at: Instant; freeBytes: number }[] = [];
  for (let from = now - HISTORY_MS; from < now; from += STEP_MS) {
    for await (const { times, series } of samples.groups({ hostId, from, to: from + GLANCE_MS })) {
      const column = series.find(({ subject }) => subject === HOST_SUBJECT)?.columns["diskFreeBytes"] ?? [];
      const place = column.findIndex((value) => value !== NOT_READ);
      const at = times[place];
      const freeBytes = column[place];
      if (at === undefined || freeBytes === undefined) continue;
      history.push({ at, freeBytes });
      break;
    }
  }
  return history;
}
