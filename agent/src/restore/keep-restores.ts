/** Minds restores in place: settles what was cut off, whoever had begun it, and lets old content go in time. */
import { HOUR_MS, SECOND_MS } from "@shipkeeper/kit";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import { forgetOldSwaps, settleSwaps, type SwapDeps } from "./swap.ts";

/** A container that waits for its content waits no longer than this after whoever restored it died. */
const LOOK_EVERY_MS = 5 * SECOND_MS;

export function keepRestores({ log, ...given }: Omit<SwapDeps, "tell"> & { readonly log: Logger }): Service {
  const deps: SwapDeps = { ...given, tell: (line) => log.warn(line) };
  let cleanedAt = 0;
  return startLoop({
    name: "restores",
    log,
    retryMs: SECOND_MS,
    async turn() {
      await settleSwaps(deps);
      const now = deps.clock();
      if (now - cleanedAt >= HOUR_MS) {
        await forgetOldSwaps(deps, now);
        cleanedAt = now;
      }
      return LOOK_EVERY_MS;
    },
  });
}
