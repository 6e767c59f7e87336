/** Keeps the collector's database in bounds: forgets what is too old, little by little, and checkpoints. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { DAY_MS, MINUTE_MS, type Clock } from "@shipkeeper/kit";
import { DIGESTS_REMEMBERED_DAYS } from "@shipkeeper/protocol";
import { POST_MORTEM_TERMS, postMortemTerms } from "@shipkeeper/policy";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import type { Store } from "./store/store.ts";
import type { Forgettable } from "./store/upkeep.ts";

/** Rounds, runs, incidents and scores are evidence for a yearly audit and its preparation; samples are for this week's questions. Of findings the resolved ones. */
const KEPT_FOR_DAYS: Readonly<Record<Forgettable, number>> = {
  samples: 14,
  rounds: 400,
  runs: 400,
  // Evidence, too, and a year's worth of them must be there to be compared with the year before.
  drills: 800,
  orders: 800,
  incidents: 400,
  alerts: 400,
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
  verifications: 400,
  enrollmentTokens: 30,
  // Longer than any policy can ask for.
  heldDigests: DIGESTS_REMEMBERED_DAYS,
};

/** So few rows a transaction that no agent notices. */
const ROWS_A_STEP = 500;
/** So many steps a turn that a collector that was off for a month catches up within hours. */
const STEPS_A_TURN = 200;
/** Of large rows. */
const FEW_ROWS = 20;
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
  await forgetPostMortems(store, now, signal);
  if (signal.aborted) return;
  store.upkeep.forgetUnusedLayers();
  store.upkeep.checkpoint();
}

/** All of them together, of all hosts. */
const MOST_POST_MORTEMS_BYTES = 2 * 2 ** 30;

/** Each host's for as long as its policies want; then the oldest of all, until the rest has room. */
export async function forgetPostMortems(
  { postMortems, hosts, policies }: Pick<Store, "postMortems" | "hosts" | "policies">,
  now: number,
  signal: AbortSignal,
  mostBytes = MOST_POST_MORTEMS_BYTES,
): Promise<void> {
  const bundle = policies.inForce()?.bundle;
  for (const hostId of postMortems.hosts()) {
    const terms = bundle === undefined ? POST_MORTEM_TERMS : postMortemTerms(bundle, hosts.labelsOf(hostId));
    while (!signal.aborted && postMortems.forgetBefore(hostId, now - terms.keepMs, ROWS_A_STEP) > 0)
      await nextTurn();
  }
  for (let step = 0; step < STEPS_A_TURN && !signal.aborted; step += 1) {
    if (postMortems.totalBytes() <= mostBytes || postMortems.forgetOldest(FEW_ROWS) === 0) return;
    await nextTurn();
  }
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
