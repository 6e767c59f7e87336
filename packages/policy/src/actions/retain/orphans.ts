/**
 * Restore points that no backup rule replaces any more: of data that is gone from the host, and those that were made before
 * a restore in place. Both must end some day, and only while all else is as it should be.
 */
import { DAY_MS, type Instant } from "@shipkeeper/kit";
import { isComplete } from "@shipkeeper/model";
import { readDatasetId } from "../../dataset/dataset.ts";
import type { ListedRestorePoint } from "../../round/outside.ts";
import type { World } from "../../round/world.ts";
import { SKEW_MS, damageIn, type Group, type JudgedRestorePoint } from "./judge.ts";
import type { RetainReason } from "./reason.ts";

/** In whose name a restore in place saves what it is about to replace. */
export const SAFETY_RULE = { policy: "shipkeeper", rule: "safety" } as const;

/** As long as `keep.within` is where nobody says otherwise: by then a restore was found good, or undone. */
export const SAFETY_KEPT_MS = 30 * DAY_MS;

/** Only of volumes a whole list tells that one is not there: a folder of the host may just not be mounted. */
export function isGone(dataset: string, { inventory }: Pick<World, "inventory">): boolean {
  const { kind, name = "" } = readDatasetId(dataset) ?? {};
  if (kind !== "volume" && kind !== "dump") return false;
  return isComplete(inventory, "volumes") && !inventory.volumes.some((volume) => volume.name === name);
}

export interface GoneTerms {
  /** So long after the newest all of them go. */
  readonly goneMs: number;
  /** When this host made anything in the repository last: where nothing comes, a clock or an engine may be wrong. */
  readonly lastMadeAt: Instant;
  readonly recentMs: number;
  readonly now: Instant;
}

/** All of a group go at once, proven or not; undefined while any of it stays, and then all of it does. */
export function judgeGone(
  { repository, points, proofs }: Group,
  { goneMs, lastMadeAt, recentMs, now }: GoneTerms,
): JudgedRestorePoint[] | undefined {
  const newestAt = Math.max(...points.map(({ at }) => at));
  const isOver = now - newestAt > goneMs;
  if (!isOver || now - lastMadeAt > recentMs || damageIn(proofs) !== undefined) return undefined;
  return points
    .toSorted((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
    .map((point): JudgedRestorePoint => {
      const ages = { ageMs: now - point.at, newestAgeMs: now - newestAt, limitMs: goneMs };
      return { point, decision: "forget", reason: { why: "gone", repository, ...ages } };
    });
}

/** `refusal` is what keeps the rule's own restore points of the dataset from going. */
export function judgeSafety(
  points: readonly ListedRestorePoint[],
  { repository, refusal, now }: { repository: string; refusal: RetainReason | undefined; now: Instant },
): JudgedRestorePoint[] {
  return points.map((point): JudgedRestorePoint => {
    const age = { repository, ageMs: Math.max(0, now - point.at), limitMs: SAFETY_KEPT_MS };
    if (point.at > now + SKEW_MS || age.ageMs <= SAFETY_KEPT_MS)
      return { point, decision: "keep", reason: { why: "safety", ...age } };
    if (refusal !== undefined) return { point, decision: "refuse", reason: refusal };
    return { point, decision: "forget", reason: { why: "safety", ...age } };
  });
}
