/**
 * What a host holds arrives as whole lists, again and again, and not always complete. Rows merge so that the result is
 * the same in whatever order, and however often, the lists arrive (S4), and so that a list with a hole in it never
 * reads as "the rest is gone" (A2).
 */
import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import type { Database } from "@shipkeeper/runtime";

export interface HostList<Row> {
  readonly hostId: HostId;
  readonly section: string;
  readonly takenAt: Instant;
  /** Nothing of it failed to be read: what is not in it is gone. */
  readonly whole: boolean;
  readonly rows: readonly Row[];
}

/** How a table takes a row of a list, and forgets the rows that a whole list no longer had. */
export interface ListedTable<Row> {
  /** Must leave a row alone that was seen later than `takenAt`. */
  put(row: Row, list: { hostId: HostId; takenAt: Instant }): void;
  removeNotSeenSince(hostId: HostId, wholeAt: Instant): void;
}

export function listings(db: Database) {
  const note = db.prepare<
    [{ hostId: string; section: string; wholeAt: number; seenAt: number }],
    { whole_at: number }
  >(/*sql*/ `
    INSERT INTO listing (host_id, section, whole_at, seen_at) VALUES (@hostId, @section, @wholeAt, @seenAt)
    ON CONFLICT (host_id, section) DO UPDATE SET
      whole_at = max(whole_at, excluded.whole_at), seen_at = max(seen_at, excluded.seen_at)
    RETURNING whole_at`);

  return {
    /** Rows that only an incomplete list does not have stay; they are `stale` to whoever reads them. */
    merge<Row>(list: HostList<Row>, table: ListedTable<Row>): void {
      const { hostId, section, takenAt, whole } = list;
      const wholeAt = whole ? takenAt : NEVER;
      const newestWholeAt = note.get({ hostId, section, wholeAt, seenAt: takenAt })?.whole_at ?? NEVER;
      // A later whole list has said all that this one could say.
      if (takenAt < newestWholeAt) return;
      for (const row of list.rows) table.put(row, list);
      table.removeNotSeenSince(hostId, newestWholeAt);
    },
  };
}
export type Listings = ReturnType<typeof listings>;

/** What each row of such a table tells beside its body. */
export function whereSeen(row: {
  owner: string | null;
  host_id: string;
  hostname: string;
  seen_at: Instant;
  stale: number;
}) {
  return {
    owner: row.owner ?? undefined,
    hostId: row.host_id as HostId,
    host: row.hostname,
    seenAt: row.seen_at,
    stale: row.stale === 1,
  };
}

/** Before every instant that a host can name. */
const NEVER = Number.MIN_SAFE_INTEGER;
