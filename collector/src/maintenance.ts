/** Keeps the collector's database in bounds: forgets what is too old, little by little, and checkpoints. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { DAY_MS, MINUTE_MS, type Clock } from "@shipkeeper/kit";
import { DIGESTS_REMEMBERED_DAYS } from "@shipkeeper/protocol";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import type { Store } from "./store/store.ts";
import type { Forgettable } from "./store/upkeep.ts";

/** Rounds, runs, incidents and scores are evidence for a yearly audit and its preparation; samples are for this week's questions. Of findings the resolved ones. */
const KEPT_FOR_DAYS: Readonly<Record<Forgettable, number>> = {
  samples: 14,
  rounds: 400,
  runs: 400,
  incidents: 400,
  events: 90,
  unknownEntries: 90,
  rejectedEntries: 90,
  findings: 90,
  complianceScores: 400,
  spells: 400,
  lastSpells: 400,
  availabilitySubjects: 400,
  watchSpans: 400,
  logHours: 30,
  enrollmentTokens: 30,
  // Longer than any policy can ask for.
  heldDigests: DIGESTS_REMEMBERED_DAYS,
};

/** So few rows a transaction that no agent notices. */
const ROWS_A_STEP = 500;
/** So many steps a turn that a collector that was off for a month catches up within hours. */
const STEPS_A_TURN = 200;
const EVERY_MS = 5 * MINUTE_MS;

/** One turn of upkeep; stops early when the signal says so. */
export async function maintain(store: Store, now: number, signal: AbortSignal): Promise<void> {
  for (const [what, keptForDays] of Object.entries(KEPT_FOR_DAYS)) {
    const before = now - keptForDays * DAY_MS;
    for (let step = 0; step < STEPS_A_TURN && !signal.aborted; step += 1) {
      if (store.upkeep.forget(what as Forgettable, before, ROWS_A_STEP) < ROWS_A_STEP) break;
      await nextTurn();
    }
  }
  if (signal.aborted) return;
  store.upkeep.forgetUnusedLayers();
  store.upkeep.checkpoint();
}

export function startMaintenance({ store, now, log }: { store: Store; now: Clock; log: Logger }): Service {
  return startLoop({
    name: "maintenance",
    log,
    retryMs: EVERY_MS,
    firstMs: EVERY_MS,
    async turn(signal) {
      await maintain(store, now(), signal);
      return EVERY_MS;
    },
  });
}
