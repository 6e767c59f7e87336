/**
 * How a target stands at an instant. Between two words of a host only the clock moves, and with it alone nothing gets
 * better: so a target is told by the instants at which it gets worse, and a silent host is judged on.
 */
import type { Instant } from "@shipkeeper/kit";
import type { Objective, RtoFact } from "./judge-objective.ts";
import type { VouchedPoint } from "./vouched.ts";

/** The worst first. `unknown` is not as agreed: nobody vouches for anything that could be restored. */
export const OBJECTIVE_STATES = ["broken", "unknown", "at-risk", "met"] as const;
export type ObjectiveState = (typeof OBJECTIVE_STATES)[number];

/** From this share of the span on, people are told: what is left must be enough to do something. */
export const AT_RISK_SHARE = 0.8;

/** The first instants of each state; the worst that has come counts. */
export interface Turns {
  readonly riskFrom: Instant;
  readonly unknownFrom: Instant;
  readonly brokenFrom: Instant;
}

/** Later than any instant. */
export const NEVER: Instant = Number.MAX_SAFE_INTEGER;
const ALWAYS: Instant = 0;

export function stateAt({ riskFrom, unknownFrom, brokenFrom }: Turns, now: Instant): ObjectiveState {
  if (now >= brokenFrom) return "broken";
  if (now >= unknownFrom) return "unknown";
  return now >= riskFrom ? "at-risk" : "met";
}

/** What had no good restore point yet has the whole span from `since` on to get its first: until then it is unknown. */
export function rpoTurns(
  { rpoMs, vouched }: { readonly rpoMs: number; readonly vouched?: VouchedPoint | undefined },
  since: Instant,
): Turns {
  if (vouched === undefined) return { riskFrom: NEVER, unknownFrom: ALWAYS, brokenFrom: since + rpoMs + 1 };
  return {
    riskFrom: Math.ceil(vouched.at + AT_RISK_SHARE * rpoMs),
    unknownFrom: vouched.until,
    // As much as was agreed is still as agreed.
    brokenFrom: vouched.at + rpoMs + 1,
  };
}

/** Only what a drill measured is known. */
export function rtoTurns({
  rtoMs,
  rto,
}: {
  readonly rtoMs: number;
  readonly rto?: RtoFact | undefined;
}): Turns {
  const { ms = 0, isMeasured = false, hasFailedSince = false } = rto ?? {};
  const from = (isSo: boolean): Instant => (isSo ? ALWAYS : NEVER);
  return {
    riskFrom: from(ms >= AT_RISK_SHARE * rtoMs),
    unknownFrom: from(!isMeasured),
    brokenFrom: from(hasFailedSince || (isMeasured && ms > rtoMs)),
  };
}

/** What was agreed for one dataset, each by itself; left out what was not agreed. */
export interface ObjectiveTurns {
  readonly rpo?: Turns | undefined;
  /** Of the copies at other sites by themselves: they are what is left when the site is lost. */
  readonly offsiteRpo?: Turns | undefined;
  readonly rto?: Turns | undefined;
}

/** `since` is when it was first asked for. */
export function turnsOf(objective: Objective, since: Instant): ObjectiveTurns {
  const { rpoMs, rtoMs, vouched, offsite, rto } = objective;
  return {
    rpo: rpoMs === undefined ? undefined : rpoTurns({ rpoMs, vouched }, since),
    offsiteRpo:
      rpoMs === undefined || offsite === undefined
        ? undefined
        : rpoTurns({ rpoMs, vouched: offsite.vouched }, since),
    rto: rtoMs === undefined ? undefined : rtoTurns({ rtoMs, rto }),
  };
}

/** As bad as the worst of them. */
export function worstTurns(turns: readonly (Turns | undefined)[]): Turns {
  const first = (of: keyof Turns) => Math.min(NEVER, ...turns.map((one) => one?.[of] ?? NEVER));
  return { riskFrom: first("riskFrom"), unknownFrom: first("unknownFrom"), brokenFrom: first("brokenFrom") };
}

/** What would be lost now; undefined where nobody vouches for anything. */
export function lossAt(vouched: VouchedPoint | undefined, now: Instant): number | undefined {
  // A host's clock may be a little ahead.
  return vouched === undefined || now >= vouched.until ? undefined : Math.max(0, now - vouched.at);
}
