/** How a host's row reads: its state by the clock, and counts of what it holds. */
import type { Instant } from "@shipkeeper/kit";
import type { Disk, EngineFacts, Gap, HostFacts, HostId, HostLabels } from "@shipkeeper/model";
import { SILENT_AFTER_MS, type AgentStatus, type ApiHost, type HostState } from "@shipkeeper/protocol";
import { sql, type RawBuilder } from "kysely";
import { fromJson, fromJsonOr } from "./database.ts";
import type { Json } from "./tables.ts";

export function stateAt(now: Instant): RawBuilder<HostState> {
  return sql<HostState>`CASE
    WHEN host.revoked_at IS NOT NULL THEN 'revoked'
    WHEN host.last_seen_at IS NULL THEN 'new'
    WHEN host.last_seen_at < ${now - SILENT_AFTER_MS} THEN 'silent'
    ELSE 'online' END`;
}

type Holdings = [
  containers: [total: number, running: number, unhealthy: number],
  images: [total: number, bytes: number],
  volumes: [total: number, bytes: number],
];

/** Counts of what a host holds. `json` around each: a subquery hands on its text, and not that it is JSON. */
export const holdings = sql<Json<Holdings>>`json_array(
  json((SELECT json_array(count(*), ifnull(sum(state = 'running'), 0), ifnull(sum(health = 'unhealthy'), 0))
    FROM container WHERE container.host_id = host.id)),
  json((SELECT json_array(count(*), ifnull(sum(size_bytes), 0)) FROM image WHERE image.host_id = host.id)),
  json((SELECT json_array(count(*), ifnull(sum(size_bytes), 0)) FROM volume WHERE volume.host_id = host.id)))`;

/** Numbers between the stretches that are dealt with: the collector had them once, or the agent says so. */
export const missingEntries = sql<number>`(
  SELECT ifnull(sum(first_seq - 1 - before), 0) FROM (
    SELECT first_seq, lag(last_seq, 1, 0) OVER (PARTITION BY settled.epoch ORDER BY first_seq) AS before
    FROM settled JOIN epoch ON epoch.id = settled.epoch WHERE epoch.host_id = host.id))`;

interface HostRow {
  id: string;
  hostname: string;
  labels: Json<HostLabels>;
  owner: string | null;
  state: HostState;
  enrolled_at: number;
  last_seen_at: number | null;
  inventory_at: number | null;
  agent_version: string;
  policy_revision: number;
  status: Json<AgentStatus> | null;
  facts: Json<HostFacts> | null;
  engine: Json<EngineFacts> | null;
  gaps: Json<Gap[]>;
  holdings: Json<Holdings>;
  missing_entries: number;
}

export function toHost(row: HostRow): ApiHost {
  const status = fromJsonOr(row.status, undefined);
  const facts = fromJsonOr(row.facts, undefined);
  const engine = fromJsonOr(row.engine, undefined);
  const [[total, running, unhealthy], [images, imageBytes], [volumes, volumeBytes]] = fromJson(row.holdings);
  return {
    id: row.id as HostId,
    hostname: row.hostname,
    labels: fromJson(row.labels),
    owner: row.owner ?? undefined,
    state: row.state,
    enrolledAt: row.enrolled_at,
    lastSeenAt: row.last_seen_at ?? undefined,
    inventoryAt: row.inventory_at ?? undefined,
    agentVersion: row.agent_version,
    policyRevision: row.policy_revision,
    guardrails: status?.guardrails.state,
    engineVersion: engine?.version,
    operatingSystem: facts?.operatingSystem,
    containers: { total, running, unhealthy },
    images: { total: images, bytes: imageBytes },
    volumes: { total: volumes, bytes: volumeBytes },
    disk: fullestDisk(facts?.disks ?? []),
    gaps: fromJson(row.gaps).length,
    missingEntries: row.missing_entries,
  };
}

function fullestDisk(disks: readonly Disk[]): ApiHost["disk"] {
  const [fullest] = [...disks].sort((a, b) => freeShare(a) - freeShare(b));
  if (fullest === undefined) return undefined;
  const { path, totalBytes, freeBytes } = fullest;
  return { path, totalBytes, freeBytes };
}

function freeShare({ totalBytes, freeBytes }: Disk): number {
  return totalBytes === 0 ? 1 : freeBytes / totalBytes;
}
