/**
 * How well what was agreed for a dataset can be kept: how much would be lost, and how long having it back takes. What is
 * judged here holds until the host tells something else; how that stands at an instant says `state-at.ts`.
 */
import { DAY_MS, newest, type Instant } from "@shipkeeper/kit";
import { ladderOf } from "../dataset/ladder.ts";
import { PROOF_LEVELS, type Proof, type ProofLevel } from "../dataset/proof.ts";
import type { Agreement, KnownBackups, PointFact } from "./agreement.ts";
import { vouchedPoints, type VouchedPoint } from "./vouched.ts";

export interface Objective extends Agreement {
  /** The newest restore point that somebody vouches for, of all repositories … */
  readonly vouched?: VouchedPoint | undefined;
  /** … and of those that are off-site; absent where the rule names none that is. */
  readonly offsite?:
    { readonly repositories: readonly string[]; readonly vouched?: VouchedPoint | undefined } | undefined;
  /** The newest restore point there is, good or not. */
  readonly newestAt?: Instant | undefined;
  /** What it holds, unpacked. */
  readonly bytes?: number | undefined;
  /** The longest time without a restore point, of those that the gaps are known of. */
  readonly worstGap?: { readonly gapMs: number; readonly overMs: number } | undefined;
  readonly rto?: RtoFact | undefined;
  /** The highest rung of the ladder that holds, in the repository where it is highest. */
  readonly proven?: RungFact | undefined;
  /** Rungs that were found bad. */
  readonly failed: readonly RungFact[];
}

export interface RungFact {
  readonly level: ProofLevel;
  readonly repository: string;
  readonly at: Instant;
}

/** How long having it back takes, by the last drill, or as reckoned from how fast others were restored. */
export interface RtoFact {
  readonly ms: number;
  readonly isMeasured: boolean;
  /** Of the drill. */
  readonly at?: Instant | undefined;
  /** The last drill after that one failed: what it once took counts for nothing. */
  readonly hasFailedSince: boolean;
}

/** Gaps are told of so long a time, or of as much of it as every restore point is kept. */
export const GAPS_OVER_MS = 30 * DAY_MS;

export function judgeObjective(agreement: Agreement, facts: KnownBackups, now: Instant): Objective {
  const { dataset, repositories } = agreement;
  const points = facts.points
    .filter((point) => point.dataset === dataset && repositories.includes(point.repository))
    .sort((a, b) => a.at - b.at);
  const proofs = facts.proofs.filter(
    (proof) =>
      repositories.includes(proof.repository) && (proof.dataset === undefined || proof.dataset === dataset),
  );
  const offsite = repositories.filter((repository) => facts.offsite.has(repository));
  const known = { points, proofs };
  const newestPoint = points.at(-1);
  return {
    ...agreement,
    vouched: vouchedPoints(agreement, repositories, known, now)[0],
    ...(offsite.length > 0 && {
      offsite: { repositories: offsite, vouched: vouchedPoints(agreement, offsite, known, now)[0] },
    }),
    newestAt: newestPoint?.at,
    bytes: newestPoint?.bytes,
    worstGap: worstGap(points, agreement, now),
    rto: rtoFact(proofs, newestPoint, facts),
    ...rungs(agreement, proofs, now),
  };
}

/** What goes on without a restore point now is a gap, too; the one that reaches into the span counts whole. */
export function worstGap(
  points: readonly Pick<PointFact, "at">[],
  { keptMs }: Pick<Agreement, "keptMs">,
  now: Instant,
): Objective["worstGap"] {
  const overMs = Math.min(GAPS_OVER_MS, keptMs);
  const times = [...points.map(({ at }) => at), now];
  if (times.length < 2) return undefined;
  const gaps = times.flatMap((at, place) => {
    const before = times[place - 1];
    return before === undefined || at < now - overMs ? [] : [at - before];
  });
  return { gapMs: Math.max(0, ...gaps), overMs };
}

/** Rates of shorter restores say how long starting takes, not how fast bytes come. */
const TELLING_RESTORE_MS = 100;

function rtoFact(
  proofs: readonly Proof[],
  newestPoint: PointFact | undefined,
  { proofs: ofAll }: KnownBackups,
): RtoFact | undefined {
  const drills = proofs.filter(({ level, dataset }) => level === "drill" && dataset !== undefined);
  const last = newest(drills);
  const passed = newest(drills.filter((drill) => drill.passed && rtoOf(drill) !== undefined));
  const hasFailedSince = last?.passed === false;
  const ms = passed && rtoOf(passed);
  if (passed !== undefined && ms !== undefined)
    return { ms, isMeasured: true, at: passed.at, hasFailedSince };
  const estimatedMs = estimateRto(newestPoint?.bytes, ofAll);
  return estimatedMs === undefined ? undefined : { ms: estimatedMs, isMeasured: false, hasFailedSince };
}

function rtoOf({ facts }: Proof): number | undefined {
  const ms = facts?.["rtoMs"];
  return typeof ms === "number" ? ms : undefined;
}

/** As fast as the slowest of what this host's drills restored. Undefined where no drill tells. */
function estimateRto(bytes: number | undefined, proofs: readonly Proof[]): number | undefined {
  const rates = proofs.flatMap(({ level, passed, facts }) => {
    const [restored, ms] = [facts?.["bytes"], facts?.["restoreMs"]];
    if (level !== "drill" || !passed || typeof restored !== "number" || typeof ms !== "number") return [];
    return ms >= TELLING_RESTORE_MS && restored > 0 ? [restored / ms] : [];
  });
  if (bytes === undefined || rates.length === 0) return undefined;
  return Math.ceil(bytes / Math.min(...rates));
}

/** How far up the ladder the dataset stands. */
function rungs(
  { dataset, repositories }: Agreement,
  proofs: readonly Proof[],
  now: Instant,
): Pick<Objective, "proven" | "failed"> {
  const ladders = repositories.map((repository) => ({
    repository,
    ladder: ladderOf(proofs, { repository, dataset }, now),
  }));
  const [proven] = ladders
    .flatMap(({ repository, ladder }) => ladder.highest && [{ ...ladder.highest, repository }])
    .filter((rung) => rung !== undefined)
    .sort((a, b) => PROOF_LEVELS.indexOf(b.level) - PROOF_LEVELS.indexOf(a.level) || b.at - a.at);
  const failed = ladders.flatMap(({ repository, ladder }) =>
    ladder.rungs.flatMap(({ level, failure }) =>
      failure === undefined ? [] : [{ level, repository, at: failure.at }],
    ),
  );
  return { proven, failed };
}
