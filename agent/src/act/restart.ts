/**
 * Heals a sick container: has it end within its own time, looks whether somebody else wanted that, starts it again (or a
 * new one of the same configuration), and waits until its health check and its probes have told. It is stopped and started in two calls
 * and never restarted in one: a person's stop that comes in between is theirs, and stays.
 */
import { assert } from "@shipkeeper/kit";
import { containerIdentity, type Container, type ContainerId } from "@shipkeeper/model";
import {
  hasRecovered,
  restartReasonSchema,
  rungSchema,
  verifyMs,
  type Rung,
  type Verdict,
} from "@shipkeeper/policy";
import type { OwnAct } from "../own-acts.ts";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler, StepResult } from "./apply-plan.ts";
import { GONE, lookAgain } from "./container-steps.ts";
import { insist } from "./insist.ts";
import { endContainer } from "./restart-end.ts";
import { isSharedByOthers, makeAnew, putBack, removeOld } from "./restart-recreate.ts";
import { settleRestart } from "./restart-settle.ts";
import { StepLeftOpen } from "./step-left-open.ts";
import { plannedStopTimeout } from "./stop-timeout.ts";

/** Often enough to measure a recovery, seldom enough not to be felt by the engine. */
const LOOK_EVERY_MS = 500;

export const restartHandler: ActionHandler = {
  // A stop may take minutes, and others are sick meanwhile: each container is claimed by itself.
  exclusive: false,
  atOnce: 4,
  freesSpace: false,

  async take(verdict, context) {
    const rung = rungOf(verdict);
    const { restarts, runId, clock, ownActs } = context;
    const first = await lookAgain(verdict, context);
    if ("end" in first) return first.end;
    if (rung === "recreate" && (await isSharedByOthers(first.container, context))) {
      return { status: "skipped", why: "shared-namespace" };
    }
    // Capturing what a restart destroys takes its time, in which somebody else may come.
    await context.capture?.(first.container, verdict);
    const seen = context.capture === undefined ? first : await lookAgain(verdict, context);
    if ("end" in seen) return seen.end;

    const { container } = seen;
    const orderedAt = clock();
    restarts.begin({
      containerId: container.id,
      runId,
      identity: containerIdentity(container),
      at: orderedAt,
      rung,
      sign: signOf(verdict),
      imageId: container.imageId,
    });
    const act = ownActs.begin(container.id);
    try {
      const result = await heal(rung, container, verdict, act, context);
      return { ...result, facts: { ...factsOf(verdict, rung, orderedAt), ...result.facts } };
    } catch (error) {
      if (!(error instanceof StepLeftOpen)) restarts.settle({ containerId: container.id, runId }, "failed");
      throw error;
    } finally {
      act.end();
    }
  },

  async verify(verdict, taken, context) {
    const { restarts, runId, clock } = context;
    const old = { id: verdict.target.id as ContainerId, name: verdict.target.name };
    const made = taken.facts?.["containerId"];
    const id = typeof made === "string" ? (made as ContainerId) : old.id;
    const { container, why } = await awaitHealth(id, verdict, context);
    const healed = container !== undefined && why === undefined;
    if (id !== old.id) {
      if (why === "stopping")
        throw new StepLeftOpen(`${old.name} was made anew and is not yet known to be well`);
      await (healed ? removeOld(old, context) : putBack(old, context));
    }
    restarts.settle({ containerId: old.id, runId }, healed ? "healed" : "failed");
    const healthyAt = healed ? { healthyAt: healthyAtOf(container, clock()) } : {};
    return { ...taken, ...(why !== undefined && { why }), facts: { ...taken.facts, healed, ...healthyAt } };
  },

  settle: settleRestart,
};

async function heal(
  rung: Rung,
  container: Container,
  verdict: Verdict,
  act: OwnAct,
  context: ActContext,
): Promise<StepResult> {
  const { restarts, runId, clock, engine, ownActs } = context;
  const attempt = { containerId: container.id, runId };
  const startedAt = clock();
  const how = { timeoutSeconds: plannedStopTimeout(verdict), kill: rung !== "restart" };
  const ended = await endContainer(container, how, act, context);
  if (ended.end === "unkillable") {
    restarts.settle(attempt, "failed", "unkillable");
    return { status: "failed", why: ended.end, error: ended.error };
  }
  if (ended.end !== "ours") {
    restarts.withdraw(attempt);
    return ended.end === "already-gone" ? GONE : { status: "skipped", why: ended.end };
  }

  if (rung !== "recreate") {
    act.starts();
    const start = await insist(
      `start ${container.name} again`,
      () => engine.startContainer(container.id),
      context,
    );
    if (start === "already-gone") {
      restarts.withdraw(attempt);
      return GONE;
    }
    return { status: "done", facts: { downtimeMs: clock() - startedAt } };
  }

  const id = await makeAnew(container, context);
  const madeAct = ownActs.begin(id);
  try {
    madeAct.starts();
    await insist(`start ${container.name} anew`, () => engine.startContainer(id), context);
  } catch (error) {
    if (!(error instanceof StepLeftOpen)) await putBack(container, context);
    throw error;
  } finally {
    madeAct.end();
  }
  return { status: "done", facts: { downtimeMs: clock() - startedAt, containerId: id } };
}

function rungOf({ decision }: Verdict): Rung {
  const rung = rungSchema.safeParse(decision).data;
  assert(rung !== undefined, `restart knows no decision ${decision}`);
  return rung;
}

function signOf({ reason }: Verdict) {
  return restartReasonSchema.safeParse(reason).data?.sign;
}

function factsOf({ reason }: Verdict, rung: Rung, orderedAt: number): NonNullable<StepResult["facts"]> {
  const { sign, since } = restartReasonSchema.safeParse(reason).data ?? {};
  return {
    rung,
    orderedAt,
    ...(sign !== undefined && { sign }),
    ...(since !== undefined && { sickAt: since }),
  };
}

/** When the first good answer ended, by the engine's word; at the latest now. */
function healthyAtOf({ health }: Container, now: number): number {
  const good = health.log.slice(health.log.findLastIndex(({ exitCode }) => exitCode !== 0) + 1);
  return Math.min(good[0]?.endedAt ?? now, now);
}

interface LastLook {
  readonly container?: Container;
  readonly why?: "not-healed" | "gone" | "stopping";
}

async function awaitHealth(
  id: ContainerId,
  verdict: Verdict,
  { engine, probesOf, clock, pause, signal, log }: ActContext,
): Promise<LastLook> {
  const begunAt = clock();
  let container: Container | undefined;
  while (!signal.aborted) {
    try {
      container = await engine.container(id, { signal });
      if (container === undefined) return { why: "gone" };
      if (hasRecovered(container, probesOf(container.id), clock())) return { container };
      if (clock() - begunAt >= verifyMs(container)) return { container, why: "not-healed" };
    } catch (error) {
      if (signal.aborted) break;
      log.debug({ error, container: verdict.target.name }, "cannot look at a container that was restarted");
      if (clock() - begunAt >= verifyMs(container ?? {}))
        return { ...(container && { container }), why: "not-healed" };
    }
    await pause(LOOK_EVERY_MS, { signal }).catch(() => undefined); // an abort ends the loop
  }
  return { ...(container && { container }), why: "stopping" };
}
