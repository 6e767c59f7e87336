import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import type { DigestsInUse } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";

/**
 * Whether a row of `held_digest` is in its host's last lists. They have to be whole: a list with a hole in it takes
 * nothing away. A host that fell silent holds what it last had; one that was revoked is gone.
 */
export const STILL_HELD = /*sql*/ `
  EXISTS (SELECT 1 FROM host WHERE host.id = held_digest.host_id AND host.revoked_at IS NULL)
  AND held_digest.seen_at >= ifnull(
    (SELECT min(whole_at) FROM listing
     WHERE listing.host_id = held_digest.host_id AND listing.section IN ('images', 'containers')),
    held_digest.seen_at)`;

/** What the fleet holds and held lately, so that no registry loses it. Merges alike in whatever order lists arrive. */
export function heldDigests(db: Database) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO held_digest (host_id, digest, seen_at, last_at) VALUES (@hostId, @digest, @takenAt, @receivedAt)
    ON CONFLICT (host_id, digest) DO UPDATE SET
      seen_at = max(seen_at, excluded.seen_at), last_at = max(last_at, excluded.last_at)`);
  // The same question as `STILL_HELD`, asked once a host and not once a row: a large fleet has hundreds of thousands.
  const select = db.prepare<[], { digest: string; held: 0 | 1; last_at: Instant }>(/*sql*/ `
    WITH last_list AS MATERIALIZED (
      SELECT host.id AS host_id, min(listing.whole_at) AS whole_at
      FROM host LEFT JOIN listing ON listing.host_id = host.id AND listing.section IN ('images', 'containers')
      WHERE host.revoked_at IS NULL GROUP BY host.id)
    SELECT digest,
      max(last_list.host_id IS NOT NULL AND seen_at >= ifnull(last_list.whole_at, seen_at)) AS held,
      max(last_at) AS last_at
    FROM held_digest LEFT JOIN last_list USING (host_id) GROUP BY digest ORDER BY digest`);

  return {
    note(
      digests: ReadonlySet<string>,
      seen: { readonly hostId: HostId; readonly takenAt: Instant; readonly receivedAt: Instant },
    ): void {
      for (const digest of digests) put.run({ digest, ...seen });
    },

    /** The same text for the same state of the fleet: it has no time that moves on by itself. */
    inUse(): DigestsInUse {
      const rows = select.all();
      return {
        held: rows.filter(({ held }) => held === 1).map(({ digest }) => digest),
        left: rows.filter(({ held }) => held === 0).map(({ digest, last_at }) => [digest, last_at]),
      };
    },
  };
}
