/** Whether one container is up, as one look at it shows, and since when. */
import { unreachable, type Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { verifyMs } from "../actions/restart/budget.ts";
import type { Death, Signals } from "../round/signals.ts";
import type { AvailabilityState } from "./availability.ts";

export interface Judged {
  readonly state: AvailabilityState;
  readonly since: Instant;
  readonly why: string;
}

export interface Circumstances {
  readonly now: Instant;
  readonly signals: Signals;
  /** Ids of containers that the agent stopped for good. */
  readonly expired: ReadonlySet<string>;
  /** The agent is at work on the container that the identity had before. */
  readonly inHand: boolean;
  /** How the identity stood before; absent at the first sight of it. */
  readonly before: Judged | undefined;
}

export function judgeContainer(container: Container, circumstances: Circumstances): Judged {
  const { state, createdAt, finishedAt } = container;
  const { now, before, signals, inHand } = circumstances;
  switch (state) {
    case "running":
      return judgeRunning(container, circumstances);
    case "exited":
      return judgeEnded(container, circumstances);
    case "restarting":
      return { state: "down", since: finishedAt ?? now, why: "restarting" };
    case "dead":
      return { state: "down", since: finishedAt ?? now, why: "dead" };
    case "created":
      // Healing makes a sick container anew: until the new one is well it is the same sickness.
      if (inHand && before?.state === "down") return before;
      return { state: "out", since: createdAt ?? now, why: "created" };
    case "paused": {
      const touch = signals.touches.get(container.id);
      return { state: "out", since: touch?.what === "pause" ? touch.at : now, why: "paused" };
    }
    case "removing":
      return { state: "out", since: now, why: "removed" };
    case "unknown":
      return before ?? { state: "out", since: now, why: "unknown" };
    default:
      return unreachable(state);
  }
}

function judgeRunning(container: Container, { now, signals, before }: Circumstances): Judged {
  const { id, health, startedAt = now } = container;
  const probes = signals.probes.get(id) ?? [];
  const failing = probes.filter(
    ({ failuresInARow, needed }) => failuresInARow > 0 && failuresInARow >= needed,
  );
  const ghostSince = signals.ghosts.get(id);

  if (ghostSince !== undefined) return { state: "down", since: ghostSince, why: "ghost" };
  if (health.status === "unhealthy") {
    return { state: "down", since: health.unhealthySince ?? now, why: "unhealthy" };
  }
  if (failing.length > 0) {
    const since = Math.min(...failing.map(({ failingSince, lastAt }) => failingSince ?? lastAt));
    return { state: "down", since, why: "probe-failed" };
  }
  if (health.status === "starting") {
    const toldBy = startedAt + verifyMs(container);
    if (now > toldBy) return { state: "down", since: toldBy, why: "never-healthy" };
    // A start that mends nothing yet is part of the outage, and one that nobody waits for counts for nothing.
    return before ?? { state: "out", since: startedAt, why: "starting" };
  }

  const proofs = [startedAt];
  if (health.status === "healthy") proofs.push(firstHealthyAnswer(container) ?? now);
  if (before?.why === "probe-failed") proofs.push(...probes.map(({ lastAt }) => lastAt));
  const since = Math.max(...proofs);
  // All proofs are older than what was told before: it is up again without a start, as after a pause.
  return { state: "up", since: before !== undefined && since < before.since ? now : since, why: "up" };
}

/** The first of the unbroken row of good answers that the health check gave last. */
function firstHealthyAnswer({ health: { log } }: Container): Instant | undefined {
  const lastBad = log.findLastIndex(({ exitCode }) => exitCode !== 0);
  return log[lastBad + 1]?.endedAt;
}

/** Exit codes of processes that a signal ended, as `docker stop` does. */
const STOPPED_CODES: ReadonlySet<number | undefined> = new Set([130, 137, 143]);

const ENDED: ReadonlySet<string> = new Set([
  "expired",
  "stopped",
  "orchestrated",
  "ended-before",
  "finished",
]);

function judgeEnded(container: Container, { now, signals, expired, before }: Circumstances): Judged {
  const { id, exitCode, oomKilled, restartPolicy } = container;
  const startedAt = Math.min(container.startedAt ?? -Infinity, now);
  // It has not run since its end was judged.
  if (before?.state === "out" && ENDED.has(before.why) && startedAt <= before.since) return before;
  const death = signals.deaths.get(id)?.findLast(({ at }) => at >= startedAt);
  const since = Math.max(container.finishedAt ?? death?.at ?? now, startedAt);
  const out = (why: string): Judged => ({ state: "out", since, why });
  const died: Judged = { state: "down", since, why: "died" };

  if (expired.has(id)) return out("expired");
  if (wasStoppedByPeople(container, signals)) return out("stopped");
  if (container.swarm !== undefined || container.kubernetes !== undefined) return out("orchestrated");
  if (death?.expected === true) {
    // The agent has it in hand: stopping a sick container does not end its sickness.
    return before?.state === "down" ? before : out("stopped");
  }
  if (death === undefined && before === undefined) return out("ended-before");
  if (oomKilled || death?.outOfMemory === true) return died;
  if (exitCode === 0) return death !== undefined && mustRun(restartPolicy.name) ? died : out("finished");
  // Nobody saw how it ended: a signal was most likely somebody's.
  if (death === undefined && STOPPED_CODES.has(exitCode)) return out("stopped");
  return died;
}

function wasStoppedByPeople({ id, startedAt = -Infinity }: Container, { touches }: Signals): boolean {
  const touch = touches.get(id);
  return touch !== undefined && (touch.what === "stop" || touch.what === "kill") && touch.at >= startedAt;
}

const mustRun = (restartPolicy: string): boolean =>
  restartPolicy === "always" || restartPolicy === "unless-stopped";

/** How an identity that was up stood between two looks, where it ended and began again in between. */
export function judgeInterruption(
  container: Container,
  { before, signals }: { before: Judged & { containerId: string }; signals: Signals },
): Judged | undefined {
  const { startedAt } = container;
  if (before.state !== "up" || container.state !== "running" || startedAt === undefined) return undefined;
  if (startedAt <= before.since) return undefined;
  const deaths = (signals.deaths.get(before.containerId) ?? []).filter(
    ({ at }) => at > before.since && at <= startedAt,
  );
  const [first] = deaths;
  const crash = deaths.find(isSurprise);
  if (crash !== undefined) return { state: "down", since: crash.at, why: "died" };
  if (first !== undefined) return { state: "out", since: first.at, why: "stopped" };
  if (before.containerId === container.id) return undefined;
  return { state: "out", since: container.createdAt ?? startedAt, why: "replaced" };
}

const isSurprise = ({ expected }: Death): boolean => !expected;
