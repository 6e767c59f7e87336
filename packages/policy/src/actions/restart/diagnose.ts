/**
 * Whether a container is sick, by what sign, and since when. Says nothing of what to do about it: a sign may be as
 * plain as day and its container be left alone for a dozen reasons.
 */
import { formatDuration, MINUTE_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";
import { containerIdentity, type Container } from "@shipkeeper/model";
import type { Death, ProbeState } from "../../round/signals.ts";
import type { World } from "../../round/world.ts";
import { isHealthStale, logOfThisLife, saysGhost } from "./health-log.ts";
import type { Confidence, Sign } from "./sign.ts";
import type { RestartSpec } from "./spec.ts";

export interface Diagnosis {
  readonly sign: Sign;
  /** When the sickness began, as far as known. */
  readonly since: Instant;
  /** Whether it was seen to last, or often enough. */
  readonly confirmed: boolean;
  readonly confidence: Confidence;
  /** What was seen, in words: `unhealthy for 90 seconds (limit 60 seconds)`. */
  readonly evidence: string;
}

type Patience = Pick<RestartSpec, "after">;

/** A process that is gone for this long did not just end: the engine had time to notice. */
const GHOST_MS = 20 * SECOND_MS;
/** So many unexpected ends in so long a time are a loop: the container's own restart policy is at it already. */
const LOOP_DEATHS = 5;
const LOOP_MS = 10 * MINUTE_MS;
/** The engine's own wait between two starts is a minute at most. */
const RESTARTING_MS = 5 * MINUTE_MS;
/** What lives as short as this between two restarts has not come up. */
const SHORT_LIFE_MS = MINUTE_MS;

/** The strongest sign of a container; undefined where it shows none. A confirmed one counts for more than any that is not. */
export function diagnose(container: Container, world: World, spec: Patience): Diagnosis | undefined {
  const signs = signsOf(container, world, spec);
  return signs.find(({ confirmed }) => confirmed) ?? signs[0];
}

/** Every sign that a container shows, the strongest first. */
export function signsOf(container: Container, world: World, spec: Patience): Diagnosis[] {
  return [
    unkillable(container, world),
    crashLoop(container, world),
    ghost(container, world),
    unhealthy(container, world, spec),
    failedProbe(container, world),
    healthStale(container),
  ].filter((diagnosis) => diagnosis !== undefined);
}

/** Holds for as long as the process that would not end lives. */
function unkillable(container: Container, { ledger }: World): Diagnosis | undefined {
  const last = ledger.restarts.get(containerIdentity(container))?.at(-1);
  const isSameLife = container.state === "running" && (container.startedAt ?? 0) <= (last?.at ?? 0);
  if (last?.why !== "unkillable" || !isSameLife) return undefined;
  const evidence = "its process did not end when it was killed";
  return { sign: "unkillable", since: last.at, confirmed: true, confidence: "certain", evidence };
}

function crashLoop(container: Container, { inventory, signals }: World): Diagnosis | undefined {
  const { state, finishedAt, startedAt, restartCount } = container;
  if (state === "created" || state === "removing" || state === "paused") return undefined;
  const { takenAt } = inventory;
  const deaths = (signals.deaths.get(container.id) ?? []).filter(({ expected }) => !expected);
  const lately = deaths.filter(({ at }) => takenAt - at < LOOP_MS);
  if (lately.length >= LOOP_DEATHS) {
    const evidence = `ended ${lately.length} times in ${formatDuration(LOOP_MS)}, ${lastEnd(lately)}`;
    return loop(beginningOf(deaths), "certain", evidence);
  }
  if (state !== "restarting" || finishedAt === undefined) return undefined;

  if (takenAt - finishedAt > RESTARTING_MS) {
    return loop(finishedAt, "certain", `restarting for ${formatDuration(takenAt - finishedAt)}`);
  }
  const livedMs = finishedAt - (startedAt ?? finishedAt);
  if (restartCount < LOOP_DEATHS || livedMs > SHORT_LIFE_MS) return undefined;
  const ended = container.exitCode === undefined ? "" : `, last with exit code ${container.exitCode}`;
  return loop(finishedAt, "likely", `restarted by the engine ${restartCount} times${ended}`);
}

function loop(since: Instant, confidence: Confidence, evidence: string): Diagnosis {
  return { sign: "crash-loop", since, confirmed: true, confidence, evidence };
}

/** The first of the deaths that follow each other without a quiet time between them. */
function beginningOf(deaths: readonly Death[]): Instant {
  let beginning = deaths.at(-1)?.at ?? 0;
  for (const { at } of deaths.toReversed()) {
    if (beginning - at >= LOOP_MS) break;
    beginning = at;
  }
  return beginning;
}

/** `last with exit code 137, 2 of them for want of memory` */
function lastEnd(deaths: readonly Death[]): string {
  const exitCode = deaths.at(-1)?.exitCode;
  const starved = deaths.filter(({ outOfMemory }) => outOfMemory).length;
  const last = exitCode === undefined ? "exit code not known" : `last with exit code ${exitCode}`;
  return starved === 0 ? last : `${last}, ${starved} of them out of memory`;
}

function ghost(container: Container, { now, signals }: World): Diagnosis | undefined {
  if (container.state !== "running") return undefined;
  const goneSince = signals.ghosts.get(container.id);
  if (goneSince !== undefined) {
    const forMs = Math.max(0, now - goneSince);
    const evidence = `its process is gone for ${formatDuration(forMs)}, and the engine says that it runs`;
    const confirmed = forMs >= GHOST_MS;
    return { sign: "ghost", since: goneSince, confirmed, confidence: "certain", evidence };
  }
  const log = logOfThisLife(container);
  const told = log.slice(log.findLastIndex((entry) => !saysGhost(entry)) + 1);
  const [first] = told;
  if (first === undefined) return undefined;
  return {
    sign: "ghost",
    since: first.endedAt ?? first.startedAt ?? now,
    // One alone may have met a container in the middle of its stop.
    confirmed: told.length >= 2,
    confidence: "likely",
    evidence: `its health check finds no running process, ${told.length} times in a row`,
  };
}

function unhealthy({ state, health }: Container, { now }: World, { after }: Patience): Diagnosis | undefined {
  if (state !== "running" || health.status !== "unhealthy") return undefined;
  // Without a memory of it, the illness begins now: it must be seen to last.
  const since = health.unhealthySince ?? now;
  const forMs = Math.max(0, now - since);
  const evidence = `unhealthy for ${formatDuration(forMs)} (limit ${formatDuration(after)})`;
  return { sign: "unhealthy", since, confirmed: forMs >= after, confidence: "certain", evidence };
}

/** Of several probes the one that fails for longest, of those that failed often enough. */
function failedProbe(container: Container, { signals }: World): Diagnosis | undefined {
  if (container.state !== "running") return undefined;
  const failing = (signals.probes.get(container.id) ?? [])
    .filter(({ failuresInARow, lastAt }) => failuresInARow > 0 && lastAt >= (container.startedAt ?? 0))
    .sort((a, b) => Number(hasFailed(b)) - Number(hasFailed(a)) || sinceOf(a) - sinceOf(b));
  const [worst] = failing;
  if (worst === undefined) return undefined;
  const { probe, kind, failuresInARow, needed, said } = worst;
  return {
    sign: "probe-failed",
    since: sinceOf(worst),
    confirmed: hasFailed(worst),
    // Silence may have nothing to tell.
    confidence: kind === "log-silence" ? "likely" : "certain",
    evidence: `probe ${probe} failed ${failuresInARow} times in a row (limit ${needed}): ${said}`,
  };
}

const sinceOf = ({ failingSince, lastAt }: ProbeState) => failingSince ?? lastAt;
const hasFailed = ({ failuresInARow, needed }: ProbeState) => failuresInARow >= needed;

function healthStale(container: Container): Diagnosis | undefined {
  const stale = isHealthStale(container);
  if (stale === undefined) return undefined;
  const evidence = `its health check tells nothing for ${formatDuration(stale.forMs)}`;
  return { sign: "health-stale", since: stale.since, confirmed: true, confidence: "weak", evidence };
}
