/** How often a container is tried, and when no more. Counted from its tries alone, so that it survives everything. */
import { backoffMs, MINUTE_MS, SECOND_MS, type Backoff, type Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import type { Touch } from "../../round/signals.ts";
import type { RestartAttempt } from "../../round/world.ts";
import type { RestartSpec } from "./spec.ts";

const WAITS: Backoff = { firstMs: 10 * SECOND_MS, mostMs: 5 * MINUTE_MS };
/** A container that stays healthy this long has recovered; falling ill sooner, it never had. */
const RECOVERED_MS = 10 * MINUTE_MS;
const VERIFY_MARGIN_MS = 30 * SECOND_MS;
const UNKNOWN_CHECK_MS = MINUTE_MS;
/** After the budget is used up. Then only a hand or a recovery begins anew. */
const LATER_TRIES = 3;

/**
 * How long after a restart the health check may take to tell: its start period, then all of its retries, and a margin.
 * An attempt that is not healed by then has failed.
 */
export function verifyMs({ healthCheck }: Pick<Container, "healthCheck">): number {
  if (healthCheck === undefined) return UNKNOWN_CHECK_MS + VERIFY_MARGIN_MS;
  const { startPeriodMs, retries, intervalMs, timeoutMs } = healthCheck;
  return startPeriodMs + retries * (intervalMs + timeoutMs) + VERIFY_MARGIN_MS;
}

/** What may still heal a container: its last try, for as long as its health check needs to tell. */
export function pendingTry(
  tries: readonly RestartAttempt[],
  container: Pick<Container, "healthCheck">,
  now: Instant,
): { readonly triedAt: Instant; readonly until: Instant } | undefined {
  const last = tries.at(-1);
  const until = (last?.at ?? 0) + verifyMs(container);
  return last?.result === "pending" && now < until ? { triedAt: last.at, until } : undefined;
}

/** Tries that count now. One from the future is a wrong clock's, and counts. */
export function triesWithin(tries: readonly RestartAttempt[], perMs: number, now: Instant): RestartAttempt[] {
  return tries.filter(({ at }) => now - at < perMs);
}

/** The tries since somebody last started the container by hand. */
export function triesSinceHand(
  tries: readonly RestartAttempt[],
  touch: Touch | undefined,
): readonly RestartAttempt[] {
  const byHand = touch?.what === "start" || touch?.what === "restart" ? touch.at : -Infinity;
  return tries.filter(({ at }) => at > byHand);
}

/** The tries since a container was last well for long enough, of those that count; oldest first. */
export function triesOfSickness(
  tries: readonly RestartAttempt[],
  since: Instant,
  container: Pick<Container, "healthCheck" | "createdAt">,
): readonly RestartAttempt[] {
  let illAt = since;
  for (let index = tries.length - 1; index >= 0; index -= 1) {
    const { at, result } = tries[index] as RestartAttempt;
    // What did not help was followed by a well time only where the sickness itself began later; and what was made
    // anew in between had no well time before it was there.
    const thereFrom = Math.max(at, container.createdAt ?? 0);
    const didNotHelpBy = illAt === since ? thereFrom + verifyMs(container) : Infinity;
    const wellFrom = result === "healed" ? at : didNotHelpBy;
    if (illAt - wellFrom >= RECOVERED_MS) return tries.slice(index + 1);
    illAt = Math.min(illAt, at);
  }
  return tries;
}

/** From when the next try is allowed; undefined where nothing was tried before. */
export function nextTryAt(tries: readonly RestartAttempt[]): Instant | undefined {
  const last = tries.at(-1);
  return last === undefined ? undefined : last.at + backoffMs(WAITS, tries.length);
}

export interface Breaker {
  /** Tries that used the budget up. */
  readonly tries: number;
  /** When one more is made; absent where there will be none. */
  readonly againAt?: Instant;
}

/**
 * Whether the budget is used up: so many tries in its time, or so many in a row of which none helped, however slowly
 * they came. It then stays so for as long as the sickness lasts, but for few later tries.
 */
export function breakerOf(
  tries: readonly RestartAttempt[],
  { restarts, per, again }: RestartSpec["budget"],
): Breaker | undefined {
  let inVain = 0;
  const openedBy = tries.findIndex(({ at, result }, index) => {
    inVain = result === "healed" ? 0 : inVain + 1;
    return inVain >= restarts || triesWithin(tries.slice(0, index + 1), per, at).length >= restarts;
  });
  const last = tries.at(-1);
  if (openedBy === -1 || last === undefined) return undefined;
  const later = tries.length - 1 - openedBy;
  return later >= LATER_TRIES ? { tries: tries.length } : { tries: tries.length, againAt: last.at + again };
}
