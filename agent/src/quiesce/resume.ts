/**
 * Wakes one container that the agent made stand still, by looking at what became of it meanwhile. Whatever a person did
 * to it since stays as the person wanted it.
 */
import { unreachable } from "@shipkeeper/kit";
import { STOP_GRACE_MS, type Engine, type EngineEvent } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import { isStoppedByAnybody, isStoppedByOthers } from "../whose-stop.ts";
import type { QuiescedContainer } from "../ledger/quiesced.ts";

/** `pending` is a stop that is still under way: it has to come to its end first. */
export type Resumption =
  | "resumed"
  | "runs-already"
  | "already-gone"
  | "ended-before"
  | "stopped-by-somebody"
  | "paused-by-somebody"
  | "pending";

export interface ResumeContext {
  readonly engine: Pick<Engine, "container" | "pastEvents" | "startContainer" | "unpauseContainer">;
  readonly now: number;
  /** Right before it is woken. */
  readonly wakes: () => void;
  /** Whether somebody was seen to stop it, by what the agent heard itself. */
  readonly isStoppedByOthers: () => boolean;
}

/** An engine keeps 256 events. */
const FULL_MEMORY = 250;

/** One look, and the one act that follows from it. Throws where the engine does not answer, or refuses. */
export async function resume(held: QuiescedContainer, context: ResumeContext): Promise<Resumption> {
  const { engine } = context;
  const seen = await engine.container(held.id);
  if (seen === undefined) return "already-gone";
  const events = await engine.pastEvents({ since: held.orderedAt, container: held.id });
  switch (seen.state) {
    case "paused":
      return isPausedByOthers(events, held) ? "paused-by-somebody" : unpause(held, context);
    case "running":
    case "restarting":
      return isStopping(seen, events, held, context.now) ? "pending" : "runs-already";
    case "removing":
    case "dead":
      return "already-gone";
    case "created":
    case "unknown": // no word that this engine says of a container that runs
    case "exited":
      if ((seen.finishedAt ?? 0) < held.orderedAt) return "ended-before";
      if (context.isStoppedByOthers()) return "stopped-by-somebody";
      if (isStoppedBySomebody(events, held) && !(await hasForgotten(events, held, engine))) {
        return "stopped-by-somebody";
      }
      return start(held, context);
    default:
      return unreachable(seen.state);
  }
}

async function unpause({ id }: QuiescedContainer, { engine, wakes }: ResumeContext): Promise<Resumption> {
  wakes();
  const answer = await engine.unpauseContainer(id);
  if (answer === "already-gone") return answer;
  return answer === "unpaused" ? "resumed" : "pending"; // it is something else by now: the next look tells
}

async function start({ id }: QuiescedContainer, { engine, wakes }: ResumeContext): Promise<Resumption> {
  wakes();
  const answer = await engine.startContainer(id);
  if (answer === "already-gone") return answer;
  return answer === "started" ? "resumed" : "runs-already";
}

/** The engine carries out a stop that was ordered, also when who ordered it is gone. */
function isStopping(
  { startedAt }: Container,
  events: readonly EngineEvent[],
  held: QuiescedContainer,
  now: number,
): boolean {
  if (held.how !== "stop" || startedAt !== held.startedAt) return false;
  const isOrdered = events.some(({ action }) => action === "kill");
  return isOrdered && now < held.orderedAt + held.stopTimeoutMs + STOP_GRACE_MS;
}

function isStoppedBySomebody(events: readonly EngineEvent[], held: QuiescedContainer): boolean {
  const { how, orderedAt: at, stopTimeoutMs } = held;
  return how === "pause"
    ? isStoppedByAnybody(events, at)
    : isStoppedByOthers(events, { at, killsFrom: at + stopTimeoutMs });
}

/**
 * An engine that came up since ends what it finds as a person would, and has no memory of what was ordered before. On a
 * busy host its memory may have run full instead: then what it tells is all of the same life.
 */
async function hasForgotten(
  events: readonly EngineEvent[],
  { how, orderedAt }: QuiescedContainer,
  engine: ResumeContext["engine"],
): Promise<boolean> {
  const ordered = how === "pause" ? "pause" : "kill";
  if (events.some(({ action }) => action === ordered)) return false;
  return (await engine.pastEvents({ since: orderedAt })).length < FULL_MEMORY;
}

function isPausedByOthers(events: readonly EngineEvent[], { how }: QuiescedContainer): boolean {
  const pauses = events.filter(({ action }) => action === "pause").length;
  return pauses > (how === "pause" ? 1 : 0);
}
