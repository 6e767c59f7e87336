/**
 * Brings a heal to its end that a crash cut off: what the agent stopped and nobody else touched runs again. A stop that
 * was ordered before the crash may still be under way in the engine, and is awaited.
 */
import { STOP_GRACE_MS, type EngineEvent } from "@shipkeeper/docker";
import type { Container, ContainerId } from "@shipkeeper/model";
import { isStoppedByOthers } from "../whose-stop.ts";
import type { OpenStep } from "../ledger/journal.ts";
import type { SettleContext } from "./action-context.ts";
import type { StepResult } from "./apply-plan.ts";
import { insist } from "./insist.ts";
import { copyOf, nameBefore, putBack, removeOld } from "./restart-recreate.ts";
import { plannedStopTimeout, stopTimeoutOf } from "./stop-timeout.ts";

const LOOK_EVERY_MS = 250;

/** The try counts as failed unless the container is healthy: another one may then come of a new plan. */
export async function settleRestart(step: OpenStep, context: SettleContext): Promise<StepResult> {
  const { restarts, runId } = context;
  const result = await bringToEnd(step, context);
  const healed = result.facts?.["healed"] === true;
  restarts.settle({ containerId: step.verdict.target.id, runId }, healed ? "healed" : "failed");
  return result;
}

async function bringToEnd(step: OpenStep, context: SettleContext): Promise<StepResult> {
  const { verdict, startedAt } = step;
  const { engine, runId } = context;
  const id = verdict.target.id as ContainerId;
  const seen = await look(id, context);
  if (seen === undefined) return { status: "unknown", why: "found-gone" };
  if (seen.name === nameBefore(verdict.target.name, runId)) {
    return finishAnew({ id, name: verdict.target.name }, context);
  }
  if (runsSince(seen, startedAt)) return found("found-restarted", seen);

  const events = await insist(
    "tell its past events",
    () => engine.pastEvents({ since: startedAt, container: id }),
    context,
  );
  const ended = seen.state === "running" ? await awaitStop(seen, step, events, context) : seen;
  if (ended === undefined) return { status: "unknown", why: "found-gone" };
  if (runsSince(ended, startedAt)) return found("found-restarted", ended);
  const isOfStep = ended.state === "exited" && (ended.finishedAt ?? 0) >= startedAt;
  if (!isOfStep) return { status: "skipped", why: "cut-off" };

  const killsFrom = startedAt + stopTimeoutOf(seen, plannedStopTimeout(verdict));
  const since = await insist(
    "tell its past events",
    () => engine.pastEvents({ since: startedAt, container: id }),
    context,
  );
  if (isStoppedByOthers(since, { at: startedAt, killsFrom })) {
    return { status: "skipped", why: "stopped-by-somebody" };
  }
  await insist(`start ${ended.name} again`, () => engine.startContainer(id), context);
  return { status: "done", why: "started-again", facts: { healed: false } };
}

/** The old container is still there under its other name: with a new one that runs it has done its duty. */
async function finishAnew(old: Pick<Container, "id" | "name">, context: SettleContext): Promise<StepResult> {
  const made = await copyOf(old, context);
  if (made?.state === "running" && made.health.status !== "unhealthy") {
    await removeOld(old, context);
    return found("found-recreated", made);
  }
  await putBack(old, context);
  return { status: "done", why: "put-back", facts: { healed: false } };
}

/** The container once the stop that was ordered came to its end; as it was where none is under way. */
async function awaitStop(
  seen: Container,
  { verdict, startedAt }: OpenStep,
  events: readonly EngineEvent[],
  context: SettleContext,
): Promise<Container | undefined> {
  if (!events.some(({ action }) => action === "kill")) return seen;
  const { clock, pause, signal } = context;
  const until = startedAt + stopTimeoutOf(seen, plannedStopTimeout(verdict)) + STOP_GRACE_MS;
  let now: Container | undefined = seen;
  while (now?.state === "running" && !runsSince(now, startedAt) && clock() < until) {
    await pause(LOOK_EVERY_MS, { signal });
    now = await look(seen.id, context);
  }
  return now;
}

function look(id: ContainerId, context: SettleContext): Promise<Container | undefined> {
  return insist(`look at container ${id}`, () => context.engine.container(id), context);
}

function runsSince({ state, startedAt }: Container, since: number): boolean {
  return state === "running" && (startedAt ?? 0) >= since;
}

function found(why: string, { health }: Container): StepResult {
  return { status: "done", why, facts: { healed: health.status === "healthy" } };
}
