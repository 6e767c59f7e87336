/** Availability as a list in pages. A list is computed once for its first page; the pages after it are of the same instant. */
import { InvalidInput, type Clock, type Instant } from "@shipkeeper/kit";
import {
  AVAILABILITY_WINDOWS,
  type ApiAvailability,
  type AvailabilityQuery,
  type Page,
} from "@shipkeeper/protocol";
import * as z from "zod";
import type { Store } from "../store/store.ts";
import { fleetAvailability, type Availability } from "./fleet-availability.ts";

export type ListAvailability = (query: AvailabilityQuery) => Promise<Page<ApiAvailability>>;

/** Lists that are kept for their next pages. The largest fleets make some ten megabytes of each. */
const MOST_KEPT = 3;

export function openAvailability({ store, now }: { store: Store; now: Clock }): ListAvailability {
  const kept = new Map<string, Promise<Availability[]>>();

  function compute({ of, window, target }: AvailabilityQuery, to: Instant): Promise<Availability[]> {
    const span = { from: to - AVAILABILITY_WINDOWS[window], to };
    return fleetAvailability(store, { of, target, window: span });
  }

  function recall(query: AvailabilityQuery, to: Instant): Promise<Availability[]> {
    const key = [query.of, query.window, query.target, to].join(" ");
    const list = kept.get(key) ?? compute(query, to);
    kept.delete(key);
    kept.set(key, list);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return list;
  }

  return async (query) => {
    const { host, owner, sort, limit } = query;
    const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor, sort);
    const to = cursor?.to ?? now();
    if (cursor === undefined) kept.delete([query.of, query.window, query.target, to].join(" "));
    const hostId = host === undefined ? undefined : store.hosts.idOf(host);
    const all = (await recall(query, to))
      .filter((one) => host === undefined || (hostId !== undefined && one.hostIds.includes(hostId)))
      .filter((one) => owner === undefined || one.owner === owner)
      .sort(inOrder(sort));
    const from = cursor?.from ?? 0;
    const items = all.slice(from, from + limit).map(({ hostIds: _hostIds, ...item }) => item);
    if (from + limit >= all.length) return { items };
    return { items, nextCursor: writeCursor({ sort, to, from: from + limit }) };
  };
}

function inOrder(sort: AvailabilityQuery["sort"]): (a: Availability, b: Availability) => number {
  const sign = sort.startsWith("-") ? -1 : 1;
  const by = sort.replace(/^-/, "");
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const compare = (a: Availability, b: Availability): number => {
    if (by === "downMs") return a.downMs - b.downMs;
    if (by === "outages") return a.outages - b.outages;
    if (by === "share") return (a.share ?? NOTHING_COUNTED) - (b.share ?? NOTHING_COUNTED);
    return text(a.name, b.name);
  };
  return (a, b) =>
    sign * compare(a, b) ||
    b.downMs - a.downMs ||
    text(a.name, b.name) ||
    text(a.hostId ?? "", b.hostId ?? "");
}

/** Behind every share: of what was not counted there is nothing to tell. */
const NOTHING_COUNTED = 2;

const cursorSchema = z.object({ sort: z.string(), to: z.int(), from: z.int().min(0) });

const writeCursor = (cursor: z.infer<typeof cursorSchema>): string =>
  Buffer.from(JSON.stringify(cursor), "utf8").toString("base64url");

function readCursor(text: string, sort: string): z.infer<typeof cursorSchema> {
  try {
    const cursor = cursorSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    if (cursor.sort === sort) return cursor;
  } catch (error) {
    throw new InvalidInput("cannot go on from this cursor", ["cursor: it was not made by this list"], {
      cause: error,
    });
  }
  throw new InvalidInput("cannot go on from this cursor", ["cursor: it belongs to a list in another order"]);
}
