import type { Instant } from "@shipkeeper/kit";
import { isComplete, type Inventory, type RunId } from "@shipkeeper/model";
import type { Expiry } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";

export type Expiries = ReturnType<typeof expiries>;

/** One step: what was done to which container in which run. */
export interface ExpiryStep {
  readonly containerId: string;
  readonly runId: RunId;
}

interface ExpiryRow extends Omit<Expiry, "stopped"> {
  stoppedAt: Instant | null;
  finishedAt: Instant | null;
}

/**
 * What rules told containers of their end, and which of them they stopped. Kept by the container's own id: one that
 * was made anew under the same name was told nothing. A row goes with its container.
 */
export function expiries(db: Database) {
  const announce = db.prepare(/*sql*/ `
    INSERT OR REPLACE INTO expiry (rule, container_id, born_at, announced_at, ends_at, run_id)
    VALUES (@rule, @containerId, @bornAt, @announcedAt, @endsAt, @runId)`);
  const beginStop = db.prepare(/*sql*/ `
    UPDATE expiry SET run_id = @runId WHERE rule = @rule AND container_id = @containerId`);
  const stopped = db.prepare(/*sql*/ `
    UPDATE expiry SET stopped_at = @at, finished_at = @finishedAt WHERE container_id = @containerId AND run_id = @runId`);
  const find = db.prepare<ExpiryStep>(/*sql*/ `
    SELECT 1 FROM expiry WHERE container_id = @containerId AND run_id = @runId`);
  const select = db.prepare<[], ExpiryRow>(/*sql*/ `
    SELECT rule, container_id AS containerId, born_at AS bornAt, announced_at AS announcedAt, ends_at AS endsAt,
      stopped_at AS stoppedAt, finished_at AS finishedAt
    FROM expiry ORDER BY rule, container_id`);
  const forget = db.prepare(/*sql*/ `DELETE FROM expiry WHERE container_id = ?`);

  return {
    /** In place of what the rule told the container before. */
    announce(told: Omit<Expiry, "stopped"> & ExpiryStep): void {
      announce.run(told);
    },
    wasAnnounced(step: ExpiryStep): boolean {
      return find.get(step) !== undefined;
    },
    /** Before the stop, so that after a crash in the middle of it the rule still knows its own work. */
    beginStop(step: ExpiryStep & Pick<Expiry, "rule">): void {
      beginStop.run(step);
    },
    stopped({ containerId, runId }: ExpiryStep, stop: NonNullable<Expiry["stopped"]>): void {
      stopped.run({ containerId, runId, ...stop });
    },
    all(): readonly Expiry[] {
      return select.all().map(({ stoppedAt, finishedAt, ...told }) => {
        if (stoppedAt === null || finishedAt === null) return told;
        return { ...told, stopped: { at: stoppedAt, finishedAt } };
      });
    },
    remember(inventory: Inventory): void {
      if (!isComplete(inventory, "containers")) return;
      const present = new Set<string>(inventory.containers.map(({ id }) => id));
      for (const { containerId } of select.all()) if (!present.has(containerId)) forget.run(containerId);
    },
  };
}
