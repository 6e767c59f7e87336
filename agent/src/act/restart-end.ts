/** The first half of healing: has a container end, and tells whether the agent alone wanted that. */
import { DeadlinePassed, errorChain, SECOND_MS } from "@shipkeeper/kit";
import { EngineRefused } from "@shipkeeper/docker";
import type { Container, ContainerId } from "@shipkeeper/model";
import { stopTimeoutOf } from "./stop-timeout.ts";
import type { OwnAct } from "../own-acts.ts";
import type { ActContext } from "./action-context.ts";
import { processOf } from "./process-of.ts";

/** `ours` may be started again; the others have an owner, or no end. */
export type End =
  | { readonly end: "ours" | "already-gone" | "stopped-by-somebody" }
  | { readonly end: "unkillable"; readonly error: string };

/** How long events may take to come; they are there within milliseconds where the engine is well. */
const EVENTS_MS = SECOND_MS;
/** What a process that was killed may take to be gone: the kernel has to end what it waits for. */
const GONE_MS = 30 * SECOND_MS;
const LOOK_EVERY_MS = 250;

/**
 * Stops a container within its time, and where `kill` says so makes sure of it: kills it, and waits until the engine and
 * the kernel agree that it is gone. Throws where a stop failed that is not followed by a kill.
 */
export async function endContainer(
  container: Container,
  { timeoutSeconds, kill }: { timeoutSeconds: number | undefined; kill: boolean },
  act: OwnAct,
  context: ActContext,
): Promise<End> {
  const { engine, clock } = context;
  const { id } = container;
  const hasEnded = await processOf(container);
  const at = clock();
  const killsFrom = at + stopTimeoutOf(container, timeoutSeconds);
  act.stops({ at, killsFrom });
  try {
    const answer = await engine.stopContainer(id, timeoutSeconds === undefined ? {} : { timeoutSeconds });
    if (answer === "already-gone") return { end: answer };
    // It ran a moment ago: it was somebody else who ended it, or it ended by itself.
    if (answer === "not-running") return { end: "stopped-by-somebody" };
  } catch (error) {
    if (!isTooSlow(error)) throw error;
    if (!kill && !(await isGone(id, hasEnded, context))) throw error;
    if (kill) {
      act.stops({ at, killsFrom: Math.min(killsFrom, clock()) });
      const end = await killContainer(id, hasEnded, context);
      if (end !== undefined) return end;
    }
  }
  if (kill && !(await isGone(id, hasEnded, context))) {
    return { end: "unkillable", error: "its process lives on after the engine said that it ended" };
  }
  await act.announced("stop", EVENTS_MS);
  return { end: act.isStoppedByOthers() ? "stopped-by-somebody" : "ours" };
}

/** Undefined where it is gone then. */
async function killContainer(
  id: ContainerId,
  hasEnded: () => Promise<boolean>,
  context: ActContext,
): Promise<End | undefined> {
  let problem = "SIGKILL was sent";
  try {
    const answer = await context.engine.killContainer(id);
    if (answer === "already-gone") return { end: answer };
  } catch (error) {
    if (!isTooSlow(error)) throw error;
    problem = errorChain(error);
  }
  return (await isGone(id, hasEnded, context)) ? undefined : { end: "unkillable", error: problem };
}

/** Waits until the engine says that it does not run and its process is gone; false where that does not come in time. */
async function isGone(
  id: ContainerId,
  hasEnded: () => Promise<boolean>,
  { engine, clock, pause, log }: ActContext,
): Promise<boolean> {
  const until = clock() + GONE_MS;
  for (;;) {
    try {
      const seen = await engine.container(id);
      if (seen?.pid === undefined && (await hasEnded())) return true;
    } catch (error) {
      log.debug({ error, container: id }, "cannot look at a container that shall end");
    }
    if (clock() >= until) return false;
    // Also when the agent stops: what was begun is brought to an end.
    await pause(LOOK_EVERY_MS, { signal: NEVER });
  }
}

const NEVER = new AbortController().signal;

/** The engine gave up waiting, or we did: what was ordered may still come to pass. */
function isTooSlow(error: unknown): boolean {
  return error instanceof DeadlinePassed || (error instanceof EngineRefused && error.status >= 500);
}
