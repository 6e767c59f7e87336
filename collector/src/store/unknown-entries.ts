import type { Instant } from "@shipkeeper/kit";
import type { Epoch, HostId } from "@shipkeeper/model";
import type { Database } from "@shipkeeper/runtime";

/** Entries of kinds that only a newer agent knows, kept as they came until this collector has learnt them. */
export function unknownEntries(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO unknown_entry (epoch, seq, host_id, received_at, raw)
    VALUES (@epoch, @seq, @hostId, @receivedAt, @raw) ON CONFLICT DO NOTHING`);

  return {
    keep(origin: { epoch: Epoch; seq: number; hostId: HostId; receivedAt: Instant }, raw: unknown): void {
      insert.run({ ...origin, raw: JSON.stringify(raw) });
    },
  };
}
