/**
 * How far up the ladder a dataset stands in a repository, and since when. What concerns the repository as a whole counts
 * for each of its datasets.
 */
import type { Instant } from "@shipkeeper/kit";
import { PROOF_LEVELS, type Proof, type ProofLevel } from "./proof.ts";
import { rungOf } from "./rung.ts";
import { everyByteReadSince } from "./sweep.ts";

export interface LadderRung {
  readonly level: ProofLevel;
  /**
   * What is proven is proven as of then. Absent while nothing is: never looked at, found bad, or not all of it read yet.
   * Of the bytes, when the one was read whose turn was longest ago.
   */
  readonly provenAt?: Instant;
  /** The last look, where it found something bad. */
  readonly failure?: Proof;
}

export interface Ladder {
  /** All of them, the lowest first. */
  readonly rungs: readonly LadderRung[];
  /** The highest that holds. Absent where none does. */
  readonly highest?: { readonly level: ProofLevel; readonly at: Instant };
  /** Of the rungs that were found bad the lowest: as long as it stands, what is above proves nothing of today. */
  readonly failure?: Proof;
}

const OF_THE_WHOLE: ReadonlySet<ProofLevel> = new Set(["structure", "bytes"]);

export function ladderOf(
  proofs: readonly Proof[],
  { repository, dataset }: { readonly repository: string; readonly dataset: string },
  now: Instant,
): Ladder {
  const rungs = PROOF_LEVELS.map((level): LadderRung => {
    const whole = OF_THE_WHOLE.has(level);
    const { newest } = rungOf(proofs, { level, repository, ...(!whole && { dataset }) }, now);
    if (newest === undefined) return { level };
    if (!newest.passed) return { level, failure: newest };
    const provenAt = level === "bytes" ? everyByteReadSince(newest) : newest.at;
    // A sample that found nothing to compare is honest, and proves nothing.
    if (level === "sample" && newest.facts?.["filesEqual"] === 0) return { level };
    return provenAt === undefined ? { level } : { level, provenAt };
  });
  const failure = rungs.find((rung) => rung.failure !== undefined)?.failure;
  const sound = failure === undefined ? rungs : rungs.slice(0, PROOF_LEVELS.indexOf(failure.level));
  const highest = sound.findLast(({ provenAt }) => provenAt !== undefined);
  return {
    rungs,
    ...(highest?.provenAt !== undefined && { highest: { level: highest.level, at: highest.provenAt } }),
    ...(failure !== undefined && { failure }),
  };
}
