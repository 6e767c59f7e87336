/** Which restore points somebody vouches for, and until when. */
import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { Proof } from "../dataset/proof.ts";
import { damageOf, rungOf } from "../dataset/rung.ts";
import type { Agreement, KnownBackups, PointFact } from "./agreement.ts";

/** A restore point that was found good. */
export interface VouchedPoint {
  readonly restorePoint: string;
  readonly repository: string;
  readonly at: Instant;
  /** From then on its repository's structure was looked at too long ago to vouch for anything. */
  readonly until: Instant;
}

/**
 * A proof counts for twice its term: looking once a term finds the last proof one term and its own duration old, which
 * is as agreed, and one look that fell out is not yet a doubt.
 */
export const TERMS_A_PROOF_COUNTS = 2;

/** A restore point further in the future was dated by a wrong clock: nobody knows how old its data is. */
const CLOCKS_APART_MS = 5 * MINUTE_MS;

/**
 * The newest good restore point that each of the repositories has, the newest of all first. Good is one that its
 * repository still lists, that was found listed and plausible and not unlike its source, in a repository whose structure is
 * known to be whole and none of whose bytes were found broken.
 */
export function vouchedPoints(
  { dataset, structureMs }: Pick<Agreement, "dataset" | "structureMs">,
  repositories: readonly string[],
  { points, proofs }: Pick<KnownBackups, "points" | "proofs">,
  now: Instant,
): VouchedPoint[] {
  const at = now + CLOCKS_APART_MS;
  return repositories
    .flatMap((repository): VouchedPoint[] => {
      const { newest: structure } = rungOf(proofs, { level: "structure", repository }, at);
      const until = (structure?.at ?? -Infinity) + TERMS_A_PROOF_COUNTS * structureMs;
      const point = plausiblePoint(points, proofs, { repository, dataset, at });
      const isDamaged = damageOf(proofs, repository, at).length > 0;
      if (until <= now || isDamaged || point === undefined || point.at > at) return [];
      return [{ restorePoint: point.id, repository, at: point.at, until }];
    })
    .sort((a, b) => b.at - a.at);
}

/** One that failed leaves the one before it as good as it was. */
function plausiblePoint(
  points: readonly PointFact[],
  proofs: readonly Proof[],
  { repository, dataset, at }: Pick<PointFact, "repository" | "dataset" | "at">,
): PointFact | undefined {
  const { passed: listed } = rungOf(proofs, { level: "listed", repository, dataset }, at);
  if (listed === undefined) return undefined;
  const ofPoint = proofs.filter(({ restorePoint }) => restorePoint === listed.restorePoint);
  const isDoubted = (["listed", "sample"] as const).some(
    (level) => rungOf(ofPoint, { level, repository, dataset }, at).newest?.passed === false,
  );
  if (isDoubted) return undefined;
  return points.find(
    (point) =>
      point.id === listed.restorePoint && point.repository === repository && point.dataset === dataset,
  );
}
