import type { Instant } from "@shipkeeper/kit";
import type { Incident } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";

export type Incidents = ReturnType<typeof incidents>;

/** The host's incidents: those that are open, those that may still be reopened, and what is not told of them yet. */
export function incidents(db: Database) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO incident (id, closed_at, body, told) VALUES (@id, @closedAt, @body, 0)
    ON CONFLICT (id) DO UPDATE SET closed_at = @closedAt, body = @body, told = 0`);
  const selectSince = db
    .prepare<[Instant], string>(
      /*sql*/ `SELECT body FROM incident WHERE closed_at IS NULL OR closed_at > ? ORDER BY rowid`,
    )
    .pluck();
  const selectUntold = db
    .prepare<[], string>(/*sql*/ `SELECT body FROM incident WHERE told = 0 ORDER BY rowid`)
    .pluck();
  const markTold = db.prepare(/*sql*/ `UPDATE incident SET told = 1 WHERE id = @id AND body = @body`);
  const forget = db.prepare(/*sql*/ `DELETE FROM incident WHERE closed_at < ? AND told = 1`);

  const putAll = (changed: readonly Incident[]) => {
    for (const incident of changed) {
      put.run({ id: incident.id, closedAt: incident.closedAt ?? null, body: JSON.stringify(incident) });
    }
  };

  return {
    /** All of them or none. They count as not told until `markTold`. */
    put: db.transaction(putAll),
    /** The open ones, and those that ended after `closedAfter`. */
    since: (closedAfter: Instant): Incident[] =>
      selectSince.all(closedAfter).map((body) => JSON.parse(body) as Incident),
    /** The open incident that a container is the root or a member of. */
    openOf: (containerId: string): Incident | undefined =>
      selectSince
        .all(Number.MAX_SAFE_INTEGER)
        .map((body) => JSON.parse(body) as Incident)
        .find(
          ({ container, members }) =>
            container?.id === containerId || members.some(({ id }) => id === containerId),
        ),
    /** Telling one twice does no harm: it stays the same. */
    untold: (): Incident[] => selectUntold.all().map((body) => JSON.parse(body) as Incident),
    markTold: (incident: Incident): void =>
      void markTold.run({ id: incident.id, body: JSON.stringify(incident) }),
    forgetBefore: (at: Instant): void => void forget.run(at),
  };
}
