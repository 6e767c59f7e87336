/** How many steps of a plan may be taken now: what is over a cap waits its turn, and what is over a day's limit is refused. */
import type { Instant } from "@shipkeeper/kit";
import type { RestartAttempt, World } from "../../round/world.ts";
import { triesWithin } from "./budget.ts";
import type { RestartReason } from "./reason.ts";
import type { RestartSpec } from "./spec.ts";

export interface Wanted {
  readonly imageId: string;
}

interface Cap {
  readonly restarts: number;
  readonly per: number;
}

/** Judges steps one by one in their order; undefined where a step may be taken, which then counts for those after it. */
export function rationOf(
  { perHost, perImage }: RestartSpec,
  { now, ledger, guardrails }: World,
): (step: Wanted) => { decision: "wait" | "refuse"; reason: RestartReason } | undefined {
  const all = [...ledger.restarts.values()].flat().sort((a, b) => a.at - b.at);
  const ofHost = takenIn(perHost, all, now);
  const ofImage = new Map<string, Instant[]>();
  const today = guardrails.limits.perDay.restarts;
  let leftToday = today === undefined ? Infinity : today - ledger.lastDay.restarts;

  return ({ imageId }) => {
    const ofThisImage =
      ofImage.get(imageId) ??
      takenIn(
        perImage,
        all.filter((one) => one.imageId === imageId),
        now,
      );
    ofImage.set(imageId, ofThisImage);

    if (ofHost.length >= perHost.restarts) {
      return { decision: "wait", reason: { why: "host-cap", ...freeAgain(perHost, ofHost) } };
    }
    if (ofThisImage.length >= perImage.restarts) {
      return { decision: "wait", reason: { why: "image-cap", ...freeAgain(perImage, ofThisImage) } };
    }
    if (leftToday < 1) {
      const limit = "guardrails limits.perDay.restarts";
      return { decision: "refuse", reason: { why: "limit", limit, most: today ?? 0 } };
    }
    ofHost.push(now);
    ofThisImage.push(now);
    leftToday -= 1;
    return undefined;
  };
}

function takenIn({ per }: Cap, tries: readonly RestartAttempt[], now: Instant): Instant[] {
  return triesWithin(tries, per, now).map(({ at }) => at);
}

/** When enough of what was taken is long enough ago. */
function freeAgain({ restarts, per }: Cap, taken: readonly Instant[]) {
  const oldestThatCounts = taken.at(-restarts) ?? 0;
  return { most: restarts, perMs: per, nextAt: oldestThatCounts + per };
}
