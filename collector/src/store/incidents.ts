/** Incidents of all hosts. Agents send each whole at every change, so the latest telling is all there is to know. */
import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import type { Incident } from "@shipkeeper/policy";
import type { ApiIncident, IncidentsQuery, Page } from "@shipkeeper/protocol";
import { sql, type Selectable } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";
import type { Json, Tables } from "./tables.ts";

export function incidents({ db, read }: StoreDatabase) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO incident (host_id, id, at, identity, container_id, name, image, image_id, owner, detected_at, closed_at,
      ended, handed_over_at, body)
    VALUES (@hostId, @id, @at, @identity, @containerId, @name, @image, @imageId, @owner, @detectedAt, @closedAt,
      @ended, @handedOverAt, @body)
    ON CONFLICT (host_id, id) DO UPDATE SET
      at = excluded.at, identity = excluded.identity, container_id = excluded.container_id, name = excluded.name,
      image = excluded.image, image_id = excluded.image_id, owner = excluded.owner,
      detected_at = excluded.detected_at, closed_at = excluded.closed_at, ended = excluded.ended,
      handed_over_at = excluded.handed_over_at, body = excluded.body
    WHERE excluded.at > incident.at`);

  const select = () =>
    read
      .selectFrom("incident")
      .innerJoin("host", "host.id", "incident.host_id")
      .selectAll("incident")
      .select("host.hostname");

  const detectedSince = db.prepare<[Instant], { host_id: HostId; body: Json<Incident> }>(/*sql*/ `
    SELECT host_id, body FROM incident WHERE detected_at >= ? AND ended IS NOT 'merged' ORDER BY detected_at, id`);

  return {
    /** Of all hosts, in the order in which they were detected; not those that were parts of others. */
    detectedSince: (since: Instant): { hostId: HostId; incident: Incident }[] =>
      detectedSince.all(since).map((row) => ({ hostId: row.host_id, incident: fromJson(row.body) })),

    record(hostId: HostId, incident: Incident): void {
      const { id, at, identity, container, detectedAt } = incident;
      put.run({
        hostId,
        id,
        at,
        identity,
        containerId: container?.id ?? null,
        name: container?.name ?? null,
        image: container?.image ?? null,
        imageId: container?.imageId ?? null,
        owner: incident.owner ?? null,
        detectedAt,
        closedAt: incident.closedAt ?? null,
        ended: incident.ended ?? null,
        handedOverAt: incident.handedOverAt ?? null,
        body: JSON.stringify(incident),
      });
    },

    list(request: IncidentsQuery): Promise<Page<ApiIncident>> {
      const { host, container, image, owner, open, handedOver, from, to } = request;
      const query = select()
        .where(sql<boolean>`incident.ended IS NOT 'merged'`)
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(container !== undefined, (q) =>
          q.where(sql<boolean>`(incident.container_id = ${container} OR incident.name = ${container})`),
        )
        .$if(image !== undefined, (q) =>
          q.where(sql<boolean>`(incident.image_id = ${image} OR incident.image = ${image})`),
        )
        .$if(owner !== undefined, (q) => q.where("incident.owner", "=", owner ?? ""))
        .$if(open !== undefined, (q) => q.where(isNull("closed_at", open === true)))
        .$if(handedOver !== undefined, (q) => q.where(isNull("handed_over_at", handedOver === false)))
        .$if(from !== undefined, (q) =>
          q.where(sql<boolean>`(incident.closed_at IS NULL OR incident.closed_at >= ${from})`),
        )
        .$if(to !== undefined, (q) => q.where("incident.detected_at", "<=", to ?? 0));
      const order = { by: { detectedAt: sql`incident.detected_at` }, key: sql`incident.rowid` };
      return readPage(query, request, order, toIncident);
    },

    async find(id: string): Promise<ApiIncident | undefined> {
      const row = await select().where("incident.id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toIncident(row);
    },
  };
}

function isNull(column: "closed_at" | "handed_over_at", isWanted: boolean) {
  const is = isWanted ? sql`IS NULL` : sql`IS NOT NULL`;
  return sql<boolean>`${sql.ref(`incident.${column}`)} ${is}`;
}

function toIncident(row: Selectable<Tables["incident"]> & { hostname: string }): ApiIncident {
  const { at, container, ...incident } = fromJson(row.body);
  return {
    hostId: row.host_id,
    host: row.hostname,
    name: container?.name ?? row.hostname,
    ...incident,
    containerId: container?.id,
    image: container?.image,
    imageId: container?.imageId,
    changedAt: at,
  };
}
