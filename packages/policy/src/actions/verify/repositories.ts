/** What is due of one repository: its structure, and the next part of its bytes. */
import type { Instant } from "@shipkeeper/kit";
import type { Proof } from "../../dataset/proof.ts";
import { rungOf } from "../../dataset/rung.ts";
import { nextStretch, PLACES, shareRead, subsetOf, sweepOf, type Stretch } from "../../dataset/sweep.ts";
import type { World } from "../../round/world.ts";
import type { VerdictFor } from "../action.ts";
import type { Expectation } from "../expectation.ts";
import { repositoryTarget } from "../target.ts";
import type { VerifyReason } from "./reason.ts";
import { looksEveryMs, type VerifySpec } from "./spec.ts";

export type VerifyVerdict = VerdictFor<VerifyReason>;

/** One verdict: reading a part of the bytes checks the structure as well, so where both are due one step does both. */
export function planRepository(spec: VerifySpec, world: World, repository: string): VerifyVerdict {
  const { ledger, now } = world;
  const target = repositoryTarget(repository);
  if (!world.repositories.includes(repository)) {
    return { target, decision: "refuse", reason: { why: "repository-unknown" } };
  }
  if (!ledger.restorePoints.some((point) => point.repository === repository)) {
    return { target, decision: "keep", reason: { why: "empty" } };
  }
  const structure = rungOf(ledger.proofs, { level: "structure", repository }, now).newest;
  const bytes = rungOf(ledger.proofs, { level: "bytes", repository }, now).newest;

  const part = nextPart(spec, bytes, now);
  if (part.dueAt <= now) {
    const subset = subsetOf(part.stretch);
    const expect = { repository, subset, from: part.stretch.from, to: part.stretch.to };
    return { target, decision: "read-subset", reason: reasonToRead(bytes, subset, now), expect };
  }
  const structureDueAt = structure === undefined ? -Infinity : structure.at + spec.structure;
  if (structureDueAt <= now) {
    const expect: Expectation = { repository };
    return { target, decision: "check-structure", reason: reasonToCheck(structure, now), expect };
  }
  const ageMs = now - (structure?.at ?? now);
  const reason = { why: "fresh", ageMs, nextAt: Math.min(structureDueAt, part.dueAt) } as const;
  return { target, decision: "keep", reason };
}

function reasonToRead(bytes: Proof | undefined, subset: string, now: Instant): VerifyReason {
  if (bytes === undefined) return { why: "never-read", subset };
  if (!bytes.passed) return { why: "found-damaged", ageMs: now - bytes.at, subset };
  return { why: "bytes-due", subset, share: shareRead(sweepOf(bytes)) };
}

function reasonToCheck(structure: Proof | undefined, now: Instant): VerifyReason {
  if (structure === undefined) return { why: "never-checked" };
  const ageMs = now - structure.at;
  return { why: structure.passed ? "structure-due" : "found-damaged", ageMs };
}

/** A sweep takes this share of the span: what comes in between (a host that is off, a repository that is locked) has the rest. */
const SWEEP_SHARE = 0.9;
/** At restic's 16 MiB a pack these are 2 GiB: minutes, even over a network. */
const MOST_PACKS = 128;

/** The part of the bytes that comes next, and when it is due. Where damage was found, that part comes again. */
function nextPart(
  spec: VerifySpec,
  bytes: Proof | undefined,
  now: Instant,
): { stretch: Stretch; dueAt: Instant } {
  const sweep = sweepOf(bytes);
  const sweepMs = spec.read * SWEEP_SHARE;
  const placeMs = sweepMs / PLACES;
  const looksMs = looksEveryMs(spec);
  // No less than what falls due from one look to the next.
  const longest = Math.max(looksMs / placeMs, Math.min(spec.structure / placeMs, longestBySize(bytes)));
  const stretch = nextStretch(sweep, Math.max(1, longest));
  if (bytes === undefined) return { stretch, dueAt: now };
  if (!bytes.passed) return { stretch, dueAt: bytes.at + spec.structure };
  const inStep = bytes.at + (stretch.to - stretch.from) * placeMs;
  // After days that were lost it catches up: no place waits longer than a sweep takes.
  const readLast = sweep.readAt[stretch.from];
  const dueAt = Math.min(inStep, readLast === undefined ? inStep : readLast + sweepMs);
  // By the next look it would be too late; and one look after the other, however late.
  return { stretch, dueAt: Math.max(bytes.at + looksMs / 2, dueAt - looksMs) };
}

/** A few minutes of reading. How large a repository is, only reading some of it tells. */
function longestBySize(bytes: Proof | undefined): number {
  const packs = bytes?.facts?.["packs"];
  if (typeof packs !== "number") return 1;
  return packs === 0 ? PLACES : (MOST_PACKS * PLACES) / packs;
}
