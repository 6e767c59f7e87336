/** Restarts a sick container within its own stop timeout, and waits until health check and probes have told. */
import { assert } from "@shipkeeper/kit";
import { containerIdentity, type Container, type ContainerId } from "@shipkeeper/model";
import { hasRecovered, restartReasonSchema, rungSchema, verifyMs, type Verdict } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler } from "./apply-plan.ts";
import { GONE, lookAgain } from "./container-steps.ts";

/** Often enough to measure a recovery, seldom enough not to be felt by the engine. */
const LOOK_EVERY_MS = 500;

export const restartHandler: ActionHandler = {
  exclusive: true,
  freesSpace: false,

  async take(verdict, context) {
    const rung = rungSchema.safeParse(verdict.decision);
    assert(rung.success, `restart knows no decision ${verdict.decision}`);
    const { engine, restarts, runId, clock } = context;
    const id = verdict.target.id as ContainerId;
    const first = await lookAgain(verdict, context);
    if ("end" in first) return first.end;
    // Capturing what a restart destroys takes its time, in which somebody else may come.
    await context.capture?.(first.container, verdict);
    const seen = context.capture === undefined ? first : await lookAgain(verdict, context);
    if ("end" in seen) return seen.end;

    const attempt = { containerId: id, runId };
    const startedAt = clock();
    restarts.begin({
      ...attempt,
      identity: containerIdentity(seen.container),
      at: startedAt,
      // Whatever rung was planned: the engine's own restart kills what does not stop in time, and makes nothing anew.
      rung: "restart",
      sign: restartReasonSchema.safeParse(verdict.reason).data?.sign,
      imageId: seen.container.imageId,
    });
    try {
      const answer = await engine.restartContainer(id);
      if (answer === "restarted") return { status: "done", facts: { downtimeMs: clock() - startedAt } };
      restarts.withdraw(attempt);
      return GONE;
    } catch (error) {
      restarts.settle(attempt, "failed");
      throw error;
    }
  },

  async verify(verdict, taken, context) {
    const { restarts, runId } = context;
    const { container, why } = await awaitHealth(verdict, context);
    const healed = container !== undefined && why === undefined;
    restarts.settle({ containerId: verdict.target.id, runId }, healed ? "healed" : "failed");
    return { ...taken, ...(why !== undefined && { why }), facts: { ...taken.facts, healed } };
  },

  /** At most one more restart than planned can come of a crash: the try is in the ledger, and unless it healed it failed. */
  async settle({ verdict, startedAt }, { engine, restarts, runId, signal }) {
    const id = verdict.target.id as ContainerId;
    const seen = await engine.container(id, { signal });
    const healed = seen?.health.status === "healthy";
    restarts.settle({ containerId: id, runId }, healed ? "healed" : "failed");
    if (seen === undefined) return { status: "unknown", why: "found-gone" };
    if ((seen.startedAt ?? 0) >= startedAt)
      return { status: "done", why: "found-restarted", facts: { healed } };
    return { status: "skipped", why: "cut-off" };
  },
};

interface LastLook {
  readonly container?: Container;
  readonly why?: "not-healed" | "gone" | "stopping";
}

async function awaitHealth(
  verdict: Verdict,
  { engine, probesOf, clock, pause, signal, log }: ActContext,
): Promise<LastLook> {
  const begunAt = clock();
  let container: Container | undefined;
  while (!signal.aborted) {
    try {
      container = await engine.container(verdict.target.id as ContainerId, { signal });
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
