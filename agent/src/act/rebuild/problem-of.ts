import { errorChain } from "@shipkeeper/kit";
import type { RecoveryStep } from "@shipkeeper/policy";
import { takeRecoveryStep, type RecoveryContext } from "../../recover/take-recovery-step.ts";

/** Takes a step, and says what went wrong with it; undefined where nothing did. Throws where the drill has to end. */
export async function problemOf(step: RecoveryStep, recovery: RecoveryContext): Promise<string | undefined> {
  if (step.decision === "keep") return undefined;
  recovery.signal.throwIfAborted();
  try {
    return await takeRecoveryStep(step, recovery);
  } catch (error) {
    recovery.signal.throwIfAborted();
    return errorChain(error);
  }
}
