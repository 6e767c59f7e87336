import type { Instant } from "@shipkeeper/kit";
import { isComplete, type HostId, type HostLabels, type Inventory } from "@shipkeeper/model";
import {
  type AgentStatus,
  type ApiHost,
  type ApiHostDetail,
  type EntryOf,
  type HostState,
  type HostsQuery,
  type Page,
} from "@shipkeeper/protocol";
import { keyFingerprint } from "@shipkeeper/runtime";
import { sql } from "kysely";
import { fromJson, fromJsonOr, type StoreDatabase } from "./database.ts";
import type { networks as networksStore } from "./networks.ts";
import { holdings, missingEntries, stateAt, toHost } from "./host-rows.ts";
import type { Json } from "./tables.ts";
import { containing, hostIs, readPage } from "./page.ts";

/** When a host was last seen is told this precisely, so that its polls are not a write each. */
const SEEN_NOTED_EVERY_MS = 5_000;

export interface NewHost {
  readonly id: HostId;
  readonly hostname: string;
  readonly labels: HostLabels;
  readonly publicKey: string;
  readonly agentVersion: string;
  readonly enrolledAt: Instant;
}

export function hosts({ db, read }: StoreDatabase, networks: ReturnType<typeof networksStore>) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO host (id, hostname, labels, public_key, agent_version, enrolled_at)
    VALUES (@id, @hostname, @labels, @publicKey, @agentVersion, @enrolledAt)`);
  const keyOf = db.prepare<[string], { public_key: string; revoked_at: number | null }>(
    /*sql*/ `SELECT public_key, revoked_at FROM host WHERE id = ?`,
  );
  const idOfKey = db.prepare<[string], HostId>(/*sql*/ `SELECT id FROM host WHERE public_key = ?`).pluck();
  const idOf = db
    .prepare<[string, string], HostId>(
      /*sql*/ `SELECT id FROM host WHERE id = ? OR hostname = ? ORDER BY enrolled_at DESC LIMIT 1`,
    )
    .pluck();
  const labelsOf = db
    .prepare<[string], Json<HostLabels>>(
      /*sql*/ `SELECT ifnull(standing -> '$.hostLabels', labels) FROM host WHERE id = ?`,
    )
    .pluck();
  const ids = db.prepare<[], HostId>(/*sql*/ `SELECT id FROM host ORDER BY id`).pluck();
  const seen = db.prepare(/*sql*/ `
    UPDATE host SET last_seen_at = @at WHERE id = @hostId AND ifnull(last_seen_at, 0) < @at - ${SEEN_NOTED_EVERY_MS}`);
  const status = db.prepare(/*sql*/ `
    UPDATE host SET status = @status, agent_version = @version, policy_revision = @policyRevision WHERE id = @hostId`);
  // Each part is as new as the newest inventory that had it: what one inventory could not read, an older one may tell.
  const inventory = db.prepare(/*sql*/ `
    UPDATE host SET facts = @facts, gaps = @gaps, inventory_at = @takenAt
    WHERE id = @hostId AND @takenAt > ifnull(inventory_at, -1e18)`);
  const engine = db.prepare(/*sql*/ `
    UPDATE host SET engine = @engine, engine_at = @takenAt WHERE id = @hostId AND @takenAt > ifnull(engine_at, -1e18)`);
  const buildCache = db.prepare(/*sql*/ `
    UPDATE host SET build_cache = @buildCache, build_cache_at = @takenAt
    WHERE id = @hostId AND @takenAt > ifnull(build_cache_at, -1e18)`);
  const standing = db.prepare(/*sql*/ `
    UPDATE host SET standing = @standing, standing_at = @at
    WHERE id = @hostId AND @at > ifnull(standing_at, -1e18)`);
  const standingOf = db.prepare<[string], { standing: string; at: Instant }>(
    /*sql*/ `SELECT standing, standing_at AS at FROM host WHERE id = ? AND standing IS NOT NULL`,
  );
  const revoke = db.prepare<[number, string]>(
    /*sql*/ `UPDATE host SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`,
  );

  return {
    add(host: NewHost): void {
      insert.run({ ...host, labels: JSON.stringify(host.labels) });
    },

    /** The key that a host's requests are signed with, and whether it was revoked. */
    keyOf(hostId: HostId): { publicKey: string; revoked: boolean } | undefined {
      const row = keyOf.get(hostId);
      return row === undefined ? undefined : { publicKey: row.public_key, revoked: row.revoked_at !== null };
    },

    /** By id or by host name; of several with the name, the one that was enrolled last. */
    idOf: (idOrName: string): HostId | undefined => idOf.get(idOrName, idOrName),
    withKey: (publicKey: string): HostId | undefined => idOfKey.get(publicKey),
    ids: (): HostId[] => ids.all(),

    /** The labels that the host goes by: its own, once it has told them, else those that it was enrolled with. */
    labelsOf(hostId: HostId): HostLabels {
      return fromJsonOr(labelsOf.get(hostId) ?? null, {});
    },

    recordSeen(hostId: HostId, at: Instant): void {
      seen.run({ hostId, at });
    },

    recordStatus(hostId: HostId, agent: AgentStatus): void {
      const { version, policyRevision } = agent;
      status.run({ hostId, version, policyRevision, status: JSON.stringify(agent) });
    },

    recordInventory(hostId: HostId, seenNow: Inventory): void {
      const { takenAt, host, gaps } = seenNow;
      inventory.run({ hostId, takenAt, facts: JSON.stringify(host), gaps: JSON.stringify(gaps) });
      if (seenNow.engine !== undefined)
        engine.run({ hostId, takenAt, engine: JSON.stringify(seenNow.engine) });
      if (isComplete(seenNow, "buildCache")) {
        buildCache.run({ hostId, takenAt, buildCache: JSON.stringify(seenNow.buildCache) });
      }
    },

    /** What its rounds go by, as it came. Of two the one that was true later stays. */
    recordStanding(hostId: HostId, { at, standing: told }: EntryOf<"standing">): void {
      standing.run({ hostId, at, standing: JSON.stringify(told) });
    },

    /** As it came: who plans with it decodes it. */
    standingOf(hostId: HostId): { at: Instant; standing: unknown } | undefined {
      const row = standingOf.get(hostId);
      return row === undefined ? undefined : { at: row.at, standing: JSON.parse(row.standing) };
    },

    async countByState(now: Instant): Promise<Map<HostState, number>> {
      const rows = await read
        .selectFrom("host")
        .select([stateAt(now).as("state"), sql<number>`count(*)`.as("count")])
        .groupBy("state")
        .execute();
      return new Map(rows.map(({ state, count }) => [state, count]));
    },

    /** From then on nothing it signs is believed. False where it is unknown or was revoked before. */
    revoke: (hostId: HostId, at: Instant): boolean => revoke.run(at, hostId).changes === 1,

    list(request: HostsQuery, now: Instant): Promise<Page<ApiHost>> {
      const { state, owner, label, search } = request;
      const stateNow = stateAt(now);
      const [labelKey = "", ...labelValue] = (label ?? "").split("=");
      const query = selectHosts(now)
        .$if(state !== undefined, (q) => q.where(stateNow, "=", state ?? "new"))
        .$if(owner !== undefined, (q) => q.where("host.owner", "=", owner ?? ""))
        .$if(label !== undefined, (q) =>
          q.where(
            sql<boolean>`EXISTS (SELECT 1 FROM json_each(host.labels)
              WHERE json_each.key = ${labelKey} AND json_each.value = ${labelValue.join("=")})`,
          ),
        )
        .$if(search !== undefined, (q) =>
          q.where(sql<boolean>`host.hostname LIKE ${containing(search ?? "")} ESCAPE '\\'`),
        );
      const order = {
        by: {
          hostname: sql`host.hostname`,
          enrolledAt: sql`host.enrolled_at`,
          lastSeenAt: sql`ifnull(host.last_seen_at, 0)`,
        },
        key: sql`host.id`,
      };
      return readPage(query, request, order, toHost);
    },

    /** By id or by host name, as `idOf`. */
    async find(idOrName: string, now: Instant): Promise<ApiHostDetail | undefined> {
      const row = await selectHosts(now)
        .select(["host.public_key", "host.build_cache"])
        .where(hostIs(idOrName))
        .orderBy("host.enrolled_at", "desc")
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return {
        ...toHost(row),
        publicKeyFingerprint: keyFingerprint(row.public_key),
        status: fromJsonOr(row.status, undefined),
        facts: fromJsonOr(row.facts, undefined),
        engine: fromJsonOr(row.engine, undefined),
        inventoryGaps: fromJson(row.gaps),
        networks: await networks.ofHost(row.id as HostId),
        buildCache: fromJsonOr(row.build_cache, []),
      };
    },
  };

  function selectHosts(now: Instant) {
    return read
      .selectFrom("host")
      .select([
        "host.id",
        "host.hostname",
        "host.labels",
        "host.owner",
        "host.enrolled_at",
        "host.last_seen_at",
        "host.inventory_at",
        "host.agent_version",
        "host.policy_revision",
        "host.status",
        "host.facts",
        "host.engine",
        "host.gaps",
      ])
      .select([stateAt(now).as("state"), holdings.as("holdings"), missingEntries.as("missing_entries")]);
  }
}
