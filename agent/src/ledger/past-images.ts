import { DAY_MS, HOUR_MS, type Instant } from "@shipkeeper/kit";
import { containerIdentity, isComplete, type ImageId, type Inventory } from "@shipkeeper/model";
import type { PastImage } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";

/** Finer than this nobody asks, and what moves at each look is written to the disk and told to the collector each time. */
const GRAIN_MS = HOUR_MS;
/** A container that is gone for so long does not come back to be rolled back. */
const KEEP_GONE_MS = 14 * DAY_MS;
/** What one container ran before that many others is history. */
const MOST_PER_CONTAINER = 20;

/** Which images each container ran, by identity, so that one that was recreated with a newer image has its past. */
export function pastImages(db: Database) {
  const ran = db.prepare(/*sql*/ `
    INSERT INTO past_image (identity, image_id, last_ran_at) VALUES (@identity, @imageId, @at)
    ON CONFLICT (identity, image_id) DO UPDATE SET last_ran_at = @at WHERE last_ran_at <= @at - ${GRAIN_MS}`);
  const forgetGone = db.prepare(/*sql*/ `
    DELETE FROM past_image WHERE identity IN
      (SELECT identity FROM past_image GROUP BY identity HAVING max(last_ran_at) < ?)`);
  const forgetOldest = db.prepare(/*sql*/ `
    DELETE FROM past_image WHERE (identity, image_id) IN (
      SELECT identity, image_id FROM
        (SELECT *, row_number() OVER (PARTITION BY identity ORDER BY last_ran_at DESC) AS rank FROM past_image)
      WHERE rank > ${MOST_PER_CONTAINER})`);
  const select = db.prepare<[], PastImage & { identity: string }>(/*sql*/ `
    SELECT identity, image_id AS imageId, last_ran_at AS lastRanAt FROM past_image
    ORDER BY identity, last_ran_at DESC, image_id`);

  return {
    remember(inventory: Inventory): void {
      const { takenAt: at, containers } = inventory;
      for (const container of containers) {
        // One that was only made never ran: there is nothing in it to go back to.
        if (container.state === "created") continue;
        ran.run({ identity: containerIdentity(container), imageId: container.imageId, at });
      }
      if (!isComplete(inventory, "containers")) return;
      forgetGone.run(at - KEEP_GONE_MS);
      forgetOldest.run();
    },

    /** Identity → its images, the latest first. */
    all(): ReadonlyMap<string, readonly PastImage[]> {
      const byIdentity = new Map<string, { imageId: ImageId; lastRanAt: Instant }[]>();
      for (const { identity, imageId, lastRanAt } of select.all()) {
        const known = byIdentity.get(identity);
        if (known === undefined) byIdentity.set(identity, [{ imageId, lastRanAt }]);
        else known.push({ imageId, lastRanAt });
      }
      return byIdentity;
    },
  };
}
