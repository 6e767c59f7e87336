/** What agents told of: things that happened, troubles, and what they had to give up. */
import type { Instant } from "@shipkeeper/kit";
import type { Epoch, HostId } from "@shipkeeper/model";
import type { ApiEvent, EventKind, EventsQuery, Page } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";

export type NewEvent = Pick<ApiEvent, "kind" | "at" | "what" | "subject" | "message" | "facts">;
type EventBody = Pick<ApiEvent, "subject" | "message" | "facts">;

export function events({ db, read }: StoreDatabase) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO event (epoch, seq, host_id, kind, at, received_at, what, subject_id, body)
    VALUES (@epoch, @seq, @hostId, @kind, @at, @receivedAt, @what, @subjectId, @body) ON CONFLICT DO NOTHING`);

  return {
    record(
      origin: { epoch: Epoch; seq: number; hostId: HostId; receivedAt: Instant },
      event: NewEvent,
    ): void {
      const { kind, at, what, subject, message, facts } = event;
      const body = JSON.stringify({ subject, message, facts } satisfies EventBody);
      insert.run({ ...origin, kind, at, what, subjectId: subject?.id ?? null, body });
    },

    list(request: EventsQuery): Promise<Page<ApiEvent>> {
      const { host, kind, what, subject, from, to } = request;
      const query = read
        .selectFrom("event")
        .innerJoin("host", "host.id", "event.host_id")
        .select([
          "event.host_id",
          "host.hostname",
          "event.kind",
          "event.at",
          "event.received_at",
          "event.what",
        ])
        .select("event.body")
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(kind !== undefined, (q) => q.where("event.kind", "=", kind ?? ""))
        .$if(what !== undefined, (q) => q.where("event.what", "=", what ?? ""))
        .$if(subject !== undefined, (q) => q.where("event.subject_id", "=", subject ?? ""))
        .$if(from !== undefined, (q) => q.where("event.at", ">=", from ?? 0))
        .$if(to !== undefined, (q) => q.where("event.at", "<=", to ?? 0));
      return readPage(query, request, { by: { at: sql`event.at` }, key: sql`event.rowid` }, (row) => ({
        ...fromJson(row.body),
        hostId: row.host_id,
        host: row.hostname,
        kind: row.kind as EventKind,
        at: row.at,
        receivedAt: row.received_at,
        what: row.what,
      }));
    },
  };
}
