import type { Clock, Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import {
  MOST_ORDERS,
  type ApiOrder,
  type EntryOf,
  type Order,
  type OrdersQuery,
  type Page,
  type SignedOrder,
} from "@shipkeeper/protocol";
import { keyFingerprint } from "@shipkeeper/runtime";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";
import type { Json } from "./tables.ts";

/** Orders exactly as they were signed, and what their hosts said of them. */
export function orders({ db, read }: StoreDatabase) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO signed_order (id, host_id, issued_at, expires_at, posted_by, payload, public_key, signature)
    VALUES (@id, @hostId, @issuedAt, @expiresAt, @by, @payload, @publicKey, @signature)
    ON CONFLICT (id) DO NOTHING`);
  // A later word counts; what is over stays so, and no host tells of another's.
  const note = db.prepare(/*sql*/ `
    UPDATE signed_order SET state = @state, message = @message, at = @at
    WHERE id = @orderId AND host_id = @hostId AND (at IS NULL OR at <= @at)
      AND (state IS NULL OR state NOT IN ('refused', 'done', 'failed'))`);
  const waiting = db.prepare<
    { hostId: HostId; now: Instant; most: number },
    SignedOrder & { id: string }
  >(/*sql*/ `
    SELECT id, payload, public_key AS publicKey, signature FROM signed_order
    WHERE host_id = @hostId AND expires_at > @now AND state IS NULL ORDER BY issued_at, id LIMIT @most`);

  const select = () =>
    read
      .selectFrom("signed_order")
      .innerJoin("host", "host.id", "signed_order.host_id")
      .select([
        "host.hostname",
        "signed_order.payload",
        "signed_order.public_key",
        "signed_order.posted_by",
        "signed_order.state",
        "signed_order.message",
        "signed_order.at",
      ]);

  return {
    /** False where an order of that id is there already. */
    add({ id, hostId, issuedAt, expiresAt }: Order, signed: SignedOrder, by: string): boolean {
      return insert.run({ id, hostId, issuedAt, expiresAt, by, ...signed }).changes === 1;
    },

    /** What the host has not taken or refused, oldest first, `MOST_ORDERS` at most. */
    waitingFor(hostId: HostId, now: Instant): { id: string; signed: SignedOrder }[] {
      const rows = waiting.all({ hostId, now, most: MOST_ORDERS });
      return rows.map(({ id, ...signed }) => ({ id, signed }));
    },

    recordProgress(hostId: HostId, { orderId, state, message, at }: EntryOf<"order-progress">): void {
      note.run({ hostId, orderId, state, message, at });
    },

    list(request: OrdersQuery, now: Clock): Promise<Page<ApiOrder>> {
      const { host } = request;
      const query = select().$if(host !== undefined, (q) => q.where(hostIs(host ?? "")));
      const order = { by: { issuedAt: sql`signed_order.issued_at` }, key: sql`signed_order.id` };
      return readPage(query, request, order, (row) => toOrder(row, now()));
    },

    async find(id: string, now: Instant): Promise<ApiOrder | undefined> {
      const row = await select().where("signed_order.id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toOrder(row, now);
    },
  };
}

interface OrderRow {
  readonly hostname: string;
  readonly payload: Json<Order>;
  readonly public_key: string;
  readonly posted_by: string;
  readonly state: string | null;
  readonly message: string | null;
  readonly at: number | null;
}

function toOrder(row: OrderRow, now: Instant): ApiOrder {
  const { format: _, ...order } = fromJson(row.payload);
  return {
    ...order,
    host: row.hostname,
    postedBy: row.posted_by,
    key: keyFingerprint(row.public_key),
    state: (row.state ?? (order.expiresAt > now ? "waiting" : "expired")) as ApiOrder["state"],
    ...(row.message !== null && { message: row.message }),
    ...(row.at !== null && { at: row.at }),
  };
}
