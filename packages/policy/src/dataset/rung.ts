/** Proofs of one rung, put side by side: what passed last, what failed last, and which of the two counts. */
import type { Instant } from "@shipkeeper/kit";
import type { Proof, ProofLevel } from "./proof.ts";

export interface RungName {
  readonly level: ProofLevel;
  readonly repository: string;
  /** Absent for the repository as a whole. */
  readonly dataset?: string | undefined;
}

export interface RungProofs {
  readonly passed?: Proof;
  readonly failed?: Proof;
  /** The later of the two: how the rung stands. */
  readonly newest?: Proof;
}

/** Proofs from the future are of a clock that went wrong, and say nothing. */
export function rungOf(
  proofs: readonly Proof[],
  { level, repository, dataset }: RungName,
  now: Instant,
): RungProofs {
  const those = proofs.filter(
    (proof) =>
      proof.level === level &&
      proof.repository === repository &&
      proof.dataset === dataset &&
      proof.at <= now,
  );
  const passed = newestOf(those.filter((proof) => proof.passed));
  const failed = newestOf(those.filter((proof) => !proof.passed));
  const newest = newestOf([passed, failed].filter((proof) => proof !== undefined));
  return {
    ...(passed !== undefined && { passed }),
    ...(failed !== undefined && { failed }),
    ...(newest !== undefined && { newest }),
  };
}

/** Whether a proof failed where the last look at its rung had found nothing bad: worth telling people, once. */
export function isNewFailure(proof: Proof, before: readonly Proof[]): boolean {
  return !proof.passed && rungOf(before, proof, proof.at).newest?.passed !== false;
}

/** What is wrong with a repository as a whole by the last looks at its structure and its bytes, newest first. */
export function damageOf(proofs: readonly Proof[], repository: string, now: Instant): Proof[] {
  return (["structure", "bytes"] as const)
    .flatMap((level) => rungOf(proofs, { level, repository }, now).newest ?? [])
    .filter(({ passed }) => !passed)
    .toSorted((a, b) => b.at - a.at);
}

/** Of two at the same time the failed one counts. */
function newestOf(proofs: readonly Proof[]): Proof | undefined {
  return proofs.reduce<Proof | undefined>(
    (newest, proof) =>
      newest === undefined || proof.at > newest.at || (proof.at === newest.at && !proof.passed)
        ? proof
        : newest,
    undefined,
  );
}
