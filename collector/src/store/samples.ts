/** Readings, stored as the chunks that agents send and decoded only when somebody asks. Never a row per value. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Instant } from "@shipkeeper/kit";
import type { Epoch, HostId, SampleGroup } from "@shipkeeper/model";
import { decodeSampleGroup, type SampleHead } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";
import { fromJson } from "./database.ts";
import type { Json } from "./tables.ts";

export interface SampleSpan {
  readonly hostId: string;
  readonly from: Instant;
  readonly to: Instant;
}

interface ChunkRow {
  rowid: number;
  to_at: number;
  head: Json<SampleHead>;
  body: Buffer;
}

/** Decoded between two turns of the event loop, so that a long series never holds up the agents. */
const CHUNKS_PER_TURN = 100;

export function samples(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO sample_chunk (epoch, seq, host_id, from_at, to_at, head, body)
    VALUES (@epoch, @seq, @hostId, @from, @to, @head, @body) ON CONFLICT DO NOTHING`);
  const overlapping = db.prepare<
    [{ hostId: string; from: number; to: number; at: number; rowid: number }],
    ChunkRow
  >(/*sql*/ `
    SELECT rowid, to_at, head, body FROM sample_chunk
    WHERE host_id = @hostId AND to_at >= @from AND from_at <= @to AND (to_at, rowid) > (@at, @rowid)
    ORDER BY to_at, rowid LIMIT ${CHUNKS_PER_TURN}`);

  return {
    record(origin: { epoch: Epoch; seq: number; hostId: HostId }, head: SampleHead, body: Uint8Array): void {
      const { from, to } = head;
      insert.run({ ...origin, from, to, head: JSON.stringify(head), body });
    },

    /** Every stored group that has readings in the span, in the order of time. */
    async *groups({ hostId, from, to }: SampleSpan): AsyncGenerator<SampleGroup> {
      let at = Number.MIN_SAFE_INTEGER;
      let rowid = 0;
      for (;;) {
        const chunks = overlapping.all({ hostId, from, to, at, rowid });
        for (const chunk of chunks) {
          yield decodeSampleGroup(fromJson(chunk.head), chunk.body);
          ({ to_at: at, rowid } = chunk);
        }
        if (chunks.length < CHUNKS_PER_TURN) return;
        await nextTurn();
      }
    },
  };
}
export type Samples = ReturnType<typeof samples>;
