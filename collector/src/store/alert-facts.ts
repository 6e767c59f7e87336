/** What alerts are judged by, read at once: open incidents, hosts that may be silent, alarms, and a halted rollout. */
import type { Instant } from "@shipkeeper/kit";
import type { Container, HostId, Labels } from "@shipkeeper/model";
import type { Incident } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";
import { fromJson } from "./database.ts";
import type { Json } from "./tables.ts";

export interface OpenIncident {
  readonly hostId: HostId;
  readonly host: string;
  readonly lastSeenAt: Instant | undefined;
  readonly incident: Incident;
  /** As the host told its root last, with the owner by the policies in force. */
  readonly container: { readonly body: Container; readonly owner: string | undefined } | undefined;
  /** By which registries know the root's image. */
  readonly digests: readonly string[];
}

export interface HostToWatch {
  readonly hostId: HostId;
  readonly host: string;
  readonly labels: Labels;
  readonly owner: string | undefined;
  readonly lastSeenAt: Instant;
  /** When the engine was heard of last, where the newest word of the host is that it does not answer. */
  readonly engineSilentSince: Instant | undefined;
}

export interface Alarm {
  readonly hostId: HostId;
  readonly host: string;
  readonly code: string;
  readonly at: Instant;
  readonly message: string;
}

interface IncidentRow {
  host_id: HostId;
  hostname: string;
  last_seen_at: Instant | null;
  body: Json<Incident>;
  container: Json<Container> | null;
  owner: string | null;
  digests: Json<string[]> | null;
}

/** A fleet with more sick containers than this has one alert too few, not a collector that stands still. */
const MOST_INCIDENTS = 5_000;
const MOST_ALARMS = 500;

export function alertFacts(db: Database) {
  const incidents = db.prepare<[], IncidentRow>(/*sql*/ `
    SELECT incident.host_id, hostname, last_seen_at, incident.body, container.body AS container, container.owner,
      image.body -> '$.digests' AS digests
    FROM incident JOIN host ON host.id = incident.host_id
    LEFT JOIN container ON container.host_id = incident.host_id AND container.id = incident.container_id
    LEFT JOIN image ON image.host_id = incident.host_id AND image.id = incident.image_id
    WHERE closed_at IS NULL AND revoked_at IS NULL ORDER BY detected_at, incident.host_id, incident.id
    LIMIT ${MOST_INCIDENTS}`);
  const hosts = db.prepare<
    [],
    {
      id: HostId;
      hostname: string;
      labels: Json<Labels>;
      owner: string | null;
      last_seen_at: Instant;
      engine_silent_since: Instant | null;
    }
  >(/*sql*/ `
    SELECT id, hostname, labels, owner, last_seen_at,
      CASE WHEN EXISTS (SELECT 1 FROM json_each(gaps) WHERE value ->> 'section' = 'engine') THEN engine_at END
        AS engine_silent_since
    FROM host WHERE revoked_at IS NULL AND last_seen_at IS NOT NULL ORDER BY hostname, id`);
  const alarms = db.prepare<[string, number], Alarm & { body: Json<{ message: string }> }>(/*sql*/ `
    SELECT event.host_id AS hostId, hostname AS host, what AS code, max(at) AS at, body
    FROM event JOIN host ON host.id = event.host_id
    WHERE kind = 'trouble' AND what IN (SELECT value FROM json_each(?)) AND at > ? AND revoked_at IS NULL
    GROUP BY event.host_id, what LIMIT ${MOST_ALARMS}`);

  return {
    openIncidents: (): OpenIncident[] =>
      incidents.all().map((row) => ({
        hostId: row.host_id,
        host: row.hostname,
        lastSeenAt: row.last_seen_at ?? undefined,
        incident: fromJson(row.body),
        container:
          row.container === null
            ? undefined
            : { body: fromJson(row.container), owner: row.owner ?? undefined },
        digests: row.digests === null ? [] : fromJson(row.digests),
      })),

    hosts: (): HostToWatch[] =>
      hosts.all().map((row) => ({
        hostId: row.id,
        host: row.hostname,
        labels: fromJson(row.labels),
        owner: row.owner ?? undefined,
        lastSeenAt: row.last_seen_at,
        engineSilentSince: row.engine_silent_since ?? undefined,
      })),

    /** The newest of each code and host. */
    alarms: (codes: readonly string[], since: Instant): Alarm[] =>
      alarms
        .all(JSON.stringify(codes), since)
        .map(({ body, ...alarm }) => ({ ...alarm, message: fromJson(body).message })),
  };
}
export type AlertFacts = ReturnType<typeof alertFacts>;
