/** A host as compliance judges it: what it told last, whose everything is, and what its images are built on. */
import type { Instant } from "@shipkeeper/kit";
import type { Container, Gap, HostId, HostLabels, Image, ImageId, Volume } from "@shipkeeper/model";
import {
  backupStandingSchema,
  type BackupsToJudge,
  type BaseImage,
  type HostToJudge,
  type PointFact,
} from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";
import type { BasesUnder } from "./base-images.ts";
import { fromJson } from "./database.ts";
import type { Logs } from "./logs.ts";
import type { Json } from "./tables.ts";
import type { verifications } from "./verifications.ts";

interface HostRow {
  hostname: string;
  labels: Json<HostLabels>;
  gaps: Json<Gap[]>;
  inventory_at: Instant | null;
}

interface HeldRow<Body> {
  owner: string | null;
  body: Json<Body>;
}

/** Of one dataset in one repository: older ones say nothing of how it stands today. */
const MOST_POINTS = 50;

export function complianceFacts(
  db: Database,
  { logs, proven }: { logs: Pick<Logs, "ofHost">; proven: Pick<ReturnType<typeof verifications>, "of"> },
) {
  const host = db.prepare<[string], HostRow>(
    /*sql*/ `SELECT hostname, labels, gaps, inventory_at FROM host WHERE id = ?`,
  );
  const held = <Body>(table: "container" | "image" | "volume") =>
    db.prepare<[string], HeldRow<Body>>(/*sql*/ `SELECT owner, body FROM ${table} WHERE host_id = ?`);
  const containers = held<Container>("container");
  const volumes = held<Volume>("volume");
  const images = held<Image>("image");
  const layersKeys = db.prepare<[string], { id: ImageId; layers_key: string }>(
    /*sql*/ `SELECT id, layers_key FROM image WHERE host_id = ?`,
  );
  const newestRestorePoints = db.prepare<[string], { dataset: string; at: Instant }>(/*sql*/ `
    SELECT dataset, max(at) AS at FROM restore_point WHERE host_id = ? GROUP BY dataset`);

  const standing = db
    .prepare<[string], Json<unknown> | null>(/*sql*/ `SELECT standing FROM host WHERE id = ?`)
    .pluck();
  const points = db.prepare<[string], PointFact>(/*sql*/ `
    SELECT id, dataset, repository, at, bytes FROM (
      SELECT *, row_number() OVER (PARTITION BY dataset, repository ORDER BY at DESC) AS place
      FROM restore_point WHERE host_id = ?)
    WHERE place <= ${MOST_POINTS}`);

  /** Undefined where the host never told its standing, or tells it in words that this version cannot read. */
  function backupsOf(hostId: HostId): BackupsToJudge | undefined {
    const told = standing.get(hostId) ?? undefined;
    const known = told === undefined ? undefined : backupStandingSchema.safeParse(fromJson(told)).data;
    return known && { ...known, points: points.all(hostId), proofs: proven.of(hostId) };
  }

  /** What others know about what a host holds. */
  function beside(
    hostId: HostId,
    basesUnder: BasesUnder,
  ): Pick<HostToJudge, "restorePoints" | "bases" | "logs" | "backups"> {
    const bases = new Map<ImageId, readonly BaseImage[]>();
    for (const { id, layers_key: key } of layersKeys.all(hostId)) {
      const found = basesUnder(key);
      if (found.length > 0) bases.set(id, found);
    }
    return {
      restorePoints: newestRestorePoints.all(hostId),
      bases,
      logs: logs.ofHost(hostId),
      backups: backupsOf(hostId),
    };
  }

  return {
    beside,

    /** Undefined for a host that never told what it holds. */
    of(hostId: HostId, basesUnder: BasesUnder): { labels: HostLabels; facts: HostToJudge } | undefined {
      const row = host.get(hostId);
      if (row === undefined || row.inventory_at === null) return undefined;
      return {
        labels: fromJson(row.labels),
        facts: {
          hostname: row.hostname,
          inventory: {
            containers: containers.all(hostId).map(owned),
            images: images.all(hostId).map(owned),
            volumes: volumes.all(hostId).map(owned),
            gaps: fromJson(row.gaps),
          },
          ...beside(hostId, basesUnder),
        },
      };
    },
  };
}
export type ComplianceFacts = ReturnType<typeof complianceFacts>;

/** Agents do not tell owners: they are found here, by the policies in force. */
function owned<Body extends object>({ owner, body }: HeldRow<Body>): Body & { owner?: string } {
  const thing = fromJson(body);
  return owner === null ? thing : { ...thing, owner };
}
