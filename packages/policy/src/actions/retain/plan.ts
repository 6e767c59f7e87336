/**
 * Which restore points of a backup rule a repository can do without. Owns the choice for one rule of one host; how a
 * repository is asked is not known here. A repository that this host cannot delete from is its keeper's.
 */
import { formatInstant, type Instant } from "@shipkeeper/kit";
import { ruleKey } from "../../language/compile.ts";
import type { ListedRestorePoint, Need } from "../../round/outside.ts";
import type { World } from "../../round/world.ts";
import type { Plan, Target, VerdictFor } from "../action.ts";
import { judgeGroup, reasonToRefuse, type Group, type JudgedRestorePoint } from "./judge.ts";
import { SAFETY_RULE, isGone, judgeGone, judgeSafety } from "./orphans.ts";
import type { RetainReason } from "./reason.ts";
import type { RetainSpec } from "./spec.ts";

export type RetainVerdict = VerdictFor<RetainReason>;

/** Each takes a second or two, and a run shall end before the next is due. */
export const MOST_FORGOTTEN = 1_000;

export function retainNeeds({ to }: RetainSpec): readonly Need[] {
  return [...new Set(to)].map((repository) => ({ what: "restore-points", repository }));
}

/** A verdict for every restore point of the rule, and one for each repository about which there is no telling. */
export function planRetain(spec: RetainSpec, world: World, rule: string): Plan {
  const [policy = ""] = rule.split("/");
  const judged = [...new Set(spec.to)].map((repository) =>
    judgeRepository(repository, { spec, world, of: ruleKey(policy, spec.of) }),
  );
  const all = judged.flat();
  const steps = all.filter(({ decision }) => decision === "forget");
  const others = all.filter(({ decision }) => decision !== "forget");
  return { kind: "retain", verdicts: [...withinLimit(oldestFirst(steps)), ...others] };
}

function judgeRepository(
  repository: string,
  { spec, world, of }: { spec: RetainSpec; world: World; of: string },
): RetainVerdict[] {
  const only = (decision: "keep" | "refuse", reason: RetainReason): RetainVerdict[] => [
    { target: { type: "repository", id: repository, name: repository }, decision, reason },
  ];
  if (!world.repositories.includes(repository))
    return only("refuse", { why: "repository-unknown", repository });
  const listing = world.outside?.restorePoints?.get(repository);
  if (listing === undefined) return only("refuse", { why: "not-listed", repository });
  if (listing.appendOnly) return only("keep", { why: "append-only", repository });
  if (listing.problem !== undefined)
    return only("refuse", { why: "not-listed", repository, problem: listing.problem });

  const ours = listing.points.filter(({ hostId, rule }) => hostId === world.hostId && rule === of);
  const groups = [...Map.groupBy(ours, ({ dataset }) => dataset)].sort(([a], [b]) => (a < b ? -1 : 1));
  const hosts = listing.points.filter(({ hostId }) => hostId === world.hostId);
  const saved = hosts.filter(({ rule }) => rule === ruleKey(SAFETY_RULE.policy, SAFETY_RULE.rule));
  const lastMadeAt = Math.max(-Infinity, ...hosts.map(({ at }) => at).filter((at) => at <= world.now));
  return groups.flatMap(([dataset, points]) => {
    const proofs = world.ledger.proofs.filter(
      (proof) => proof.repository === repository && (proof.dataset ?? dataset) === dataset,
    );
    const safety = saved.filter((point) => point.dataset === dataset);
    return judgeDataset({ repository, points, proofs }, { safety, lastMadeAt, spec, world }).map(
      restorePointVerdict,
    );
  });
}

interface DatasetTerms {
  /** What restores in place of this dataset saved before. */
  readonly safety: readonly ListedRestorePoint[];
  readonly lastMadeAt: Instant;
  readonly spec: RetainSpec;
  readonly world: World;
}

function judgeDataset(
  group: Group,
  { safety, lastMadeAt, spec: { keep }, world }: DatasetTerms,
): JudgedRestorePoint[] {
  const { repository, points, proofs } = group;
  const { now } = world;
  if (keep.gone !== undefined && points.some(({ dataset }) => isGone(dataset, world))) {
    const terms = { goneMs: keep.gone, lastMadeAt, recentMs: keep.within, now };
    const gone = judgeGone({ ...group, points: [...points, ...safety] }, terms);
    if (gone !== undefined) return gone;
  }
  const past = points.filter(({ at }) => at <= now).toSorted((a, b) => b.at - a.at);
  const refusal = reasonToRefuse(past, { repository, proofs, keep, now });
  return [...judgeGroup(group, keep, now), ...judgeSafety(safety, { repository, refusal, now })];
}

export function restorePointVerdict({ point, decision, reason }: JudgedRestorePoint): RetainVerdict {
  const { repository } = reason;
  const target = restorePointTarget(point);
  if (decision !== "forget") return { target, decision, reason };
  return { target, decision, reason, expect: { repository, dataset: point.dataset } };
}

function restorePointTarget({ id, dataset, at }: ListedRestorePoint): Target {
  return { type: "restore-point", id, name: `${dataset} of ${formatInstant(at)}` };
}

function oldestFirst(verdicts: readonly RetainVerdict[]): RetainVerdict[] {
  const ageOf = ({ reason }: RetainVerdict) => ("ageMs" in reason ? reason.ageMs : 0);
  return verdicts.toSorted((a, b) => ageOf(b) - ageOf(a) || (a.target.id < b.target.id ? -1 : 1));
}

function withinLimit(steps: readonly RetainVerdict[]): RetainVerdict[] {
  return steps.map((step, place) => {
    if (place < MOST_FORGOTTEN) return step;
    const { target, reason } = step;
    const { repository } = reason;
    return { target, decision: "wait", reason: { why: "limit", repository, items: MOST_FORGOTTEN } };
  });
}
