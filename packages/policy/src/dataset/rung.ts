/** Proofs of one rung, put side by side: what passed last, what failed last, and which of the two counts. */
import { newest, type Instant } from "@shipkeeper/kit";
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
  const passed = newest(those.filter((proof) => proof.passed));
  const failed = newest(those.filter((proof) => !proof.passed));
  // Of two at the same time the failed one counts.
  const latest = newest([failed, passed].filter((proof) => proof !== undefined));
  return {
    ...(passed !== undefined && { passed }),
    ...(failed !== undefined && { failed }),
    ...(latest !== undefined && { newest: latest }),
  };
}

/** Whether a proof failed where the last look at its rung had found nothing bad: worth telling people, once. */
export function isNewFailure(proof: Proof, before: readonly Proof[]): boolean {
  return !proof.passed && rungOf(before, proof, proof.at).newest?.passed !== false;
}

/** A failed proof with the time since when its rung was found bad at every look, so that it can be told as one thing. */
export function withSince(proof: Proof, before: readonly Proof[]): Proof {
  const last = rungOf(before, proof, proof.at).newest;
  const since = last?.passed === false ? sinceOf(last) : proof.at;
  return proof.passed ? proof : { ...proof, facts: { ...proof.facts, since } };
}

function sinceOf({ at, facts }: Proof): Instant {
  const since = facts?.["since"];
  return typeof since === "number" ? since : at;
}

export interface StandingDamage {
  readonly message: string;
  /** When it was found first. */
  readonly since: Instant;
}

/** What the last looks at a repository's structure and its bytes found wrong, newest first. */
export function damageOf(proofs: readonly Proof[], repository: string, now: Instant): Proof[] {
  return (["structure", "bytes"] as const)
    .flatMap((level) => rungOf(proofs, { level, repository }, now).newest ?? [])
    .filter(({ passed }) => !passed)
    .toSorted((a, b) => b.at - a.at);
}

/** The same as one thing that stands; undefined where nothing is wrong. */
export function standingDamage(
  proofs: readonly Proof[],
  repository: string,
  now: Instant,
): StandingDamage | undefined {
  const failed = damageOf(proofs, repository, now);
  if (failed.length === 0) return undefined;
  const message = failed.map((proof) => proof.message ?? `its ${proof.level} is damaged`).join("; ");
  return { message, since: Math.min(...failed.map(sinceOf)) };
}
