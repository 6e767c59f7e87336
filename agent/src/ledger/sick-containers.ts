import type { Instant } from "@shipkeeper/kit";
import { isComplete, type Inventory } from "@shipkeeper/model";
import type { Database } from "@shipkeeper/runtime";

/** Since when a container is unhealthy without a healthy answer in between. */
export function sickContainers(db: Database) {
  const select = db.prepare<[], { id: string; since: Instant }>(
    /*sql*/ `SELECT id, since FROM sick_container`,
  );
  const fell = db.prepare(
    /*sql*/ `INSERT INTO sick_container (id, since) VALUES (?, ?) ON CONFLICT DO NOTHING`,
  );
  const recovered = db.prepare(/*sql*/ `DELETE FROM sick_container WHERE id = ?`);

  return {
    remember(inventory: Inventory): void {
      const gone = new Set(select.all().map(({ id }) => id));
      for (const { id, health } of inventory.containers) {
        gone.delete(id);
        // `starting` says nothing: a restart that does not help must not make the sickness young again.
        if (health.status === "unhealthy") fell.run(id, inventory.takenAt);
        else if (health.status !== "starting") recovered.run(id);
      }
      if (isComplete(inventory, "containers")) for (const id of gone) recovered.run(id);
    },

    all(): ReadonlyMap<string, Instant> {
      return new Map(select.all().map(({ id, since }) => [id, since]));
    },
  };
}
