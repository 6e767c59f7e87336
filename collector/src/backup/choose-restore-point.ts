/** Which of the collector's restore points is meant where nobody names one. */
import { OperationalError, formatInstant, type Instant } from "@shipkeeper/kit";

export interface OwnRestorePoint {
  readonly id: string;
  readonly at: Instant;
  /** How many hosts the database knew; undefined where the restore point does not say. */
  readonly hosts?: number | undefined;
}

export class RestorePointDoubtful extends OperationalError {
  override readonly name = "RestorePointDoubtful";
  readonly code = "restore_point_doubtful";
  readonly retryable = false;
}

/**
 * The newest. A database forgets no host, so that one with fewer than before is another one: of a collector that was
 * installed anew, or that went back to an older state. Throws `RestorePointDoubtful`, which names both. `points` are newest first.
 */
export function chooseRestorePoint(points: readonly OwnRestorePoint[]): OwnRestorePoint | undefined {
  const [newest] = points;
  const most = points.reduce<OwnRestorePoint | undefined>(
    (best, point) => ((point.hosts ?? 0) > (best?.hosts ?? 0) ? point : best),
    newest,
  );
  if (newest?.hosts === undefined || (most?.hosts ?? 0) <= newest.hosts) return newest;
  throw new RestorePointDoubtful(
    `the newest restore point knows fewer hosts than an older one: ${describe(newest)}; ${most && describe(most)}. ` +
      "It may be of a collector that was installed anew. Say which is meant: restore ID",
  );
}

/** `1a2b3c4d5e6f  2030-01-31 02:00Z  3 hosts` */
export function describe({ id, at, hosts }: OwnRestorePoint): string {
  const known = hosts === undefined ? [] : [`${hosts} host${hosts === 1 ? "" : "s"}`];
  return [id.slice(0, 12), formatInstant(at), ...known].join("  ");
}
