import { errorChain } from "@shipkeeper/kit";
import { actionKind, type Verdict } from "@shipkeeper/policy";
import type { ApiVerdict } from "@shipkeeper/protocol";

/**
 * Verdicts with their reasons in words. The kind may be newer than this collector, and so may the facts of a reason:
 * then the bare code has to do.
 */
export function explained(kind: string, verdicts: readonly Verdict[]): ApiVerdict[] {
  const action = actionKind(kind);
  return verdicts.map((verdict) => {
    try {
      return { ...verdict, explanation: action?.explain(verdict) ?? verdict.reason.why };
    } catch (error) {
      return { ...verdict, explanation: `${verdict.reason.why} (${errorChain(error)})` };
    }
  });
}
