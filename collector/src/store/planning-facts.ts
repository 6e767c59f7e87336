/** What planners need to know of a host, as the host told it last. */
import type { Instant } from "@shipkeeper/kit";
import type {
  BuildCacheRecord,
  Container,
  EngineFacts,
  Gap,
  HostFacts,
  HostId,
  Image,
  Inventory,
  Network,
  Volume,
} from "@shipkeeper/model";
import { fromJson, fromJsonOr, type StoreDatabase } from "./database.ts";
import type { Json } from "./tables.ts";

export interface PlanningFacts {
  readonly hostId: HostId;
  readonly hostname: string;
  readonly agentVersion: string;
  readonly revoked: boolean;
  /** By the collector's clock; absent where it never spoke since its enrolment. */
  readonly lastSeenAt: Instant | undefined;
  /** Revision of the policy in force there; 0 while there is none. */
  readonly policyRevision: number;
  readonly inventory: Inventory | undefined;
  /** What its rounds go by besides, as it came. */
  readonly standing: unknown;
}

interface HostRow {
  hostname: string;
  agent_version: string;
  revoked_at: Instant | null;
  last_seen_at: Instant | null;
  policy_revision: number;
  inventory_at: Instant | null;
  facts: Json<HostFacts> | null;
  engine: Json<EngineFacts> | null;
  engine_at: Instant | null;
  build_cache: Json<BuildCacheRecord[]> | null;
  build_cache_at: Instant | null;
  gaps: Json<Gap[]>;
  standing: string | null;
}

export function planningFacts({ db }: StoreDatabase) {
  const hostRow = db.prepare<[string], HostRow>(/*sql*/ `
    SELECT hostname, agent_version, revoked_at, last_seen_at, policy_revision, inventory_at, facts, engine, engine_at,
      build_cache, build_cache_at, gaps, standing
    FROM host WHERE id = ?`);
  /** Of the last list alone: what only an older one had is not in the inventory, and a gap says so. */
  const listed = <Body>(table: string) => {
    const select = db
      .prepare<[string, number], Json<Body>>(
        /*sql*/ `SELECT body FROM ${table} WHERE host_id = ? AND seen_at = ?`,
      )
      .pluck();
    return (hostId: HostId, takenAt: Instant): Body[] => select.all(hostId, takenAt).map(fromJson);
  };
  const containers = listed<Container>("container");
  const images = listed<Image>("image");
  const volumes = listed<Volume>("volume");
  const networks = listed<Network>("network");

  function inventoryOf(hostId: HostId, row: HostRow): Inventory | undefined {
    const { inventory_at: takenAt } = row;
    const host = fromJsonOr(row.facts, undefined);
    if (takenAt === null || host === undefined) return undefined;
    const engine = row.engine_at === takenAt ? fromJsonOr(row.engine, undefined) : undefined;
    return {
      takenAt,
      ...(engine !== undefined && { engine }),
      host,
      containers: containers(hostId, takenAt),
      images: images(hostId, takenAt),
      volumes: volumes(hostId, takenAt),
      networks: networks(hostId, takenAt),
      buildCache: row.build_cache_at === takenAt ? fromJsonOr(row.build_cache, []) : [],
      gaps: fromJson(row.gaps),
    };
  }

  return {
    /** Undefined for a host that is not known. */
    of(hostId: HostId): PlanningFacts | undefined {
      const row = hostRow.get(hostId);
      if (row === undefined) return undefined;
      return {
        hostId,
        hostname: row.hostname,
        agentVersion: row.agent_version,
        revoked: row.revoked_at !== null,
        lastSeenAt: row.last_seen_at ?? undefined,
        policyRevision: row.policy_revision,
        inventory: inventoryOf(hostId, row),
        standing: row.standing === null ? undefined : JSON.parse(row.standing),
      };
    },
  };
}
export type PlanningFactsStore = ReturnType<typeof planningFacts>;
