/** Which stretches of time an agent watched its host, and in which of them the engine answered. */
import type { Instant } from "@shipkeeper/kit";
import type { WatchSpan } from "./availability.ts";

/** What there is to know between two looks. */
export interface Watching {
  /** The stretch that goes on; absent before the first look. */
  readonly span: WatchSpan | undefined;
  /** The first of the looks in a row that the engine did not answer, while they are too few to say that it is silent. */
  readonly unansweredAt: Instant | undefined;
}

export const NOT_WATCHING: Watching = { span: undefined, unansweredAt: undefined };

export interface LookResult {
  readonly at: Instant;
  /** Whether the engine could list its containers. */
  readonly answered: boolean;
}

/**
 * The next look: how watching goes on, and the stretches that it ended. One unanswered look may be chance; the second in
 * a row says that the engine is silent since the first. Looks further apart than `mostApartMs` were not one watch.
 */
export function watchOn(
  { span, unansweredAt }: Watching,
  { at, answered }: LookResult,
  mostApartMs: number,
): { next: Watching; ended: readonly WatchSpan[] } {
  const lastAt = unansweredAt ?? span?.to;
  const isBreak = lastAt !== undefined && at - lastAt > mostApartMs;
  if (span === undefined || isBreak) {
    const ended = span === undefined ? [] : [span];
    if (answered) return { next: begin(at, true), ended };
    if (unansweredAt === undefined || isBreak) return { next: { span: undefined, unansweredAt: at }, ended };
    return { next: { span: { from: unansweredAt, to: at, answers: false }, unansweredAt: undefined }, ended };
  }

  const until = { ...span, to: Math.max(span.to, at) };
  if (answered) {
    return span.answers
      ? { next: { span: until, unansweredAt: undefined }, ended: [] }
      : { next: begin(at, true), ended: [until] };
  }
  if (!span.answers) return { next: { span: until, unansweredAt: undefined }, ended: [] };
  if (unansweredAt === undefined) return { next: { span, unansweredAt: at }, ended: [] };
  const silent = { from: unansweredAt, to: Math.max(unansweredAt, at), answers: false };
  return {
    next: { span: silent, unansweredAt: undefined },
    ended: [{ ...span, to: Math.max(span.to, unansweredAt) }],
  };
}

const begin = (at: Instant, answers: boolean): Watching => ({
  span: { from: at, to: at, answers },
  unansweredAt: undefined,
});
