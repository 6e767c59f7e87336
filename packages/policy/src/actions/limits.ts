/** What one run may do at most, whoever says so: the policy, or the host's guardrails. */
import { formatBytes } from "@shipkeeper/kit";
import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import { isStep, type Reason, type VerdictFor } from "./action.ts";

export const limitReasonSchema = z.object({
  why: z.literal("limit"),
  /** As it is called in the file that sets it. */
  limit: z.string(),
  most: countSchema,
  unit: z.enum(["items", "bytes"]),
});
export type LimitReason = z.infer<typeof limitReasonSchema>;

export interface Limit<V> {
  /** As it is called in the file that sets it. */
  readonly name: string;
  readonly unit: LimitReason["unit"];
  readonly most: number;
  readonly costOf: (verdict: V) => number;
}

/** Turns the steps that a limit has no room for into waits. The next run finds them again. */
export function applyLimits<R extends Reason>(
  verdicts: readonly VerdictFor<R | LimitReason>[],
  limits: readonly Limit<VerdictFor<R | LimitReason>>[],
): VerdictFor<R | LimitReason>[] {
  const room = limits.map((limit) => ({ limit, left: limit.most }));

  return verdicts.map((verdict) => {
    if (!isStep(verdict)) return verdict;
    const full = room.find(({ limit, left }) => limit.costOf(verdict) > left);
    if (full === undefined) {
      for (const each of room) each.left -= each.limit.costOf(verdict);
      return verdict;
    }
    const { name, most, unit } = full.limit;
    const { expect: _, ...rest } = verdict;
    return { ...rest, decision: "wait", reason: { why: "limit", limit: name, most, unit } };
  });
}

/** A limit on how many things are touched; none where `most` is undefined. */
export function counted<V>(
  name: string,
  most: number | undefined,
  costOf: (verdict: V) => number,
): Limit<V>[] {
  return most === undefined ? [] : [{ name, unit: "items", most, costOf }];
}

/** What is left of a limit per day. */
export function restOfDay(perDay: number | undefined, doneToday: number): number | undefined {
  return perDay === undefined ? undefined : Math.max(0, perDay - doneToday);
}

/** `next time: limits.items is 5` */
export function explainLimit({ limit, most, unit }: LimitReason): string {
  return `next time: ${limit} is ${unit === "bytes" ? formatBytes(most) : most}`;
}
