/** For what must not be left half done: a container that the agent stopped runs again, whatever the engine does meanwhile. */
import { backoffMs, DeadlinePassed, SECOND_MS } from "@shipkeeper/kit";
import { DockerUnavailable } from "@shipkeeper/docker";
import type { ActContext } from "./action-context.ts";
import { StepLeftOpen } from "./step-left-open.ts";

const RETRY = { firstMs: 500, mostMs: 30 * SECOND_MS };
/** An engine that refuses for the third time means it: a port is taken, a volume is gone. */
const MOST_REFUSALS = 3;

/**
 * Tries until the engine answers; what is tried must do no harm when it is done twice. Throws the engine's refusal where
 * it is meant, and `StepLeftOpen` where the agent has to stop before the engine answers.
 */
export async function insist<T>(
  what: string,
  attempt: () => Promise<T>,
  { pause, signal, log }: Pick<ActContext, "pause" | "signal" | "log">,
): Promise<T> {
  let refusals = 0;
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DockerUnavailable || error instanceof DeadlinePassed)) refusals += 1;
      if (refusals >= MOST_REFUSALS) throw error;
      log.warn({ error, tries }, `cannot ${what} yet`);
      await pause(backoffMs(RETRY, tries), { signal }).catch(() => undefined); // an abort is looked at below
      if (signal.aborted) throw new StepLeftOpen(`the agent still has to ${what}`, { cause: error });
    }
  }
}
