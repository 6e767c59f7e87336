/** Which restore points somebody vouches for, and until when. */
import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { DatasetId } from "../dataset/dataset.ts";
import type { Proof, ProofLevel } from "../dataset/proof.ts";
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

/** The newest proof of the level, of a dataset or of a whole repository; undefined where there is none, or it failed. */
export function standingProof(
  proofs: readonly Proof[],
  about: {
    readonly level: ProofLevel;
    readonly repository: string;
    readonly dataset?: DatasetId | undefined;
  },
): Proof | undefined {
  const newest = newestProof(proofs, about);
  return newest?.passed === true ? newest : undefined;
}

/** Of two of the same instant the failed one counts. */
export function newestProof(
  proofs: readonly Proof[],
  { level, repository, dataset }: Parameters<typeof standingProof>[1],
): Proof | undefined {
  return proofs
    .filter((proof) => proof.level === level && proof.repository === repository && proof.dataset === dataset)
    .reduce<Proof | undefined>((newest, proof) => {
      if (newest === undefined || proof.at > newest.at) return proof;
      return proof.at === newest.at && !proof.passed ? proof : newest;
    }, undefined);
}

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
  return repositories
    .flatMap((repository): VouchedPoint[] => {
      const structure = standingProof(proofs, { level: "structure", repository });
      const until = (structure?.at ?? -Infinity) + TERMS_A_PROOF_COUNTS * structureMs;
      const isBroken = newestProof(proofs, { level: "bytes", repository })?.passed === false;
      const point = plausiblePoint(points, proofs, { repository, dataset });
      if (until <= now || isBroken || point === undefined || point.at > now + CLOCKS_APART_MS) return [];
      return [{ restorePoint: point.id, repository, at: point.at, until }];
    })
    .sort((a, b) => b.at - a.at);
}

/** One that failed leaves the one before it as good as it was. */
function plausiblePoint(
  points: readonly PointFact[],
  proofs: readonly Proof[],
  { repository, dataset }: Pick<PointFact, "repository" | "dataset">,
): PointFact | undefined {
  const own = proofs.filter((proof) => proof.repository === repository && proof.dataset === dataset);
  const listed = own
    .filter(({ level, passed }) => level === "listed" && passed)
    .reduce<Proof | undefined>(
      (newest, proof) => (newest && newest.at >= proof.at ? newest : proof),
      undefined,
    );
  if (listed?.restorePoint === undefined) return undefined;
  const ofPoint = own.filter(({ restorePoint }) => restorePoint === listed.restorePoint);
  const isDoubted = (["listed", "sample"] as const).some(
    (level) => newestProof(ofPoint, { level, repository, dataset })?.passed === false,
  );
  if (isDoubted) return undefined;
  return points.find(
    (point) =>
      point.id === listed.restorePoint && point.repository === repository && point.dataset === dataset,
  );
}
