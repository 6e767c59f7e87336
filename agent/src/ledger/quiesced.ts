import type { Instant } from "@shipkeeper/kit";
import type { ContainerId, RunId } from "@shipkeeper/model";
import type { Database } from "@shipkeeper/runtime";

export type QuiesceJournal = ReturnType<typeof quiesced>;

/** A container that the agent makes stand still for a while, and has to wake whatever happens. */
export interface QuiescedContainer {
  readonly id: ContainerId;
  readonly name: string;
  readonly runId: RunId;
  /** Who was taken later is woken earlier. */
  readonly position: number;
  readonly how: "pause" | "stop";
  /** When its process was begun that is to stand still: a later one is somebody else's doing. */
  readonly startedAt: Instant;
  /** How long it is given to stop. */
  readonly stopTimeoutMs: number;
  /** When it was ordered, or was about to be. */
  readonly orderedAt: Instant;
  /** When it has to run again at the latest. */
  readonly until: Instant;
}

interface Row extends Omit<QuiescedContainer, "id"> {
  readonly containerId: ContainerId;
}

/** What stands still by the agent's order: on disk before it is ordered, and open until it runs again. */
export function quiesced(db: Database) {
  const forget = db.prepare(/*sql*/ `DELETE FROM quiesced WHERE container_id = @id AND ended_at IS NOT NULL`);
  const insert = db.prepare(/*sql*/ `
    INSERT INTO quiesced (container_id, name, run_id, position, how, started_at, stop_timeout_ms, ordered_at, until)
    VALUES (@id, @name, @runId, @position, @how, @startedAt, @stopTimeoutMs, @orderedAt, @until)`);
  const end = db.prepare(/*sql*/ `UPDATE quiesced SET ended_at = @at WHERE container_id = @id`);
  const forgetOld = db.prepare(/*sql*/ `DELETE FROM quiesced WHERE ended_at < ?`);
  const selectHeldAt = db.prepare<{ id: string; at: Instant }, { one: 1 }>(/*sql*/ `
    SELECT 1 AS one FROM quiesced WHERE container_id = @id AND ordered_at <= @at AND coalesce(ended_at, @at) >= @at`);
  const select = db.prepare<[], Row>(/*sql*/ `
    SELECT container_id AS containerId, name, run_id AS runId, position, how, started_at AS startedAt,
      stop_timeout_ms AS stopTimeoutMs, ordered_at AS orderedAt, until
    FROM quiesced WHERE ended_at IS NULL ORDER BY ordered_at, position`);

  return {
    /** Throws where it cannot be written: then nothing may be ordered. */
    begin: db.transaction((container: QuiescedContainer): void => {
      forget.run({ id: container.id });
      insert.run(container);
    }),

    /** It runs again, or is somebody else's. */
    end(id: ContainerId, at: Instant): void {
      end.run({ id, at });
    },

    /** Whether the agent made it stand still then. */
    wasHeld(id: string, at: Instant): boolean {
      return selectHeldAt.get({ id, at }) !== undefined;
    },

    forgetBefore(at: Instant): void {
      forgetOld.run(at);
    },

    /** What is still open, in the order in which it was taken. */
    all(): QuiescedContainer[] {
      return select.all().map(({ containerId, ...rest }) => ({ id: containerId, ...rest }));
    },
  };
}
