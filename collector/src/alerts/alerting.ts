/**
 * Looks every few seconds whether there is something that people must know of, and keeps the alerts to it. Owns when to
 * look; what is wrong `conditionsOf` says, what that does to alerts `settleAlerts`. It tells nobody.
 */
import { randomUUID } from "node:crypto";
import { HOUR_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import { MOST_SICK_IMAGES, type Receipt } from "@shipkeeper/protocol";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import { ALARM_CODES } from "../alarm-codes.ts";
import type { Store } from "../store/store.ts";
import { conditionsOf } from "./conditions.ts";
import { fleetStorms, type FleetStorm } from "./fleet-storms.ts";
import type { OwnBackupWord } from "./own-backup-condition.ts";
import { SAME_ALERT_MS, settleAlerts } from "./settle-alerts.ts";

export interface Alerting {
  /** Brings the alerts to what the hosts said last. True where any of them changed. */
  look(now: Instant): boolean;
  /** Images that hosts had better not heal, as of the last look; absent where there is none. */
  fleetNews(): Pick<Receipt, "sickImages">;
}

/** A trouble has no end: one that is this old is over. */
const ALARM_LASTS_MS = HOUR_MS;

/** `ownBackup` tells how the collector's own backups stand, where it makes any. */
export function createAlerting(store: Store, ownBackup?: () => OwnBackupWord): Alerting {
  let storms: readonly FleetStorm[] = [];

  return {
    look(now) {
      return store.transaction(() => {
        const known = store.alerts.current(now - SAME_ALERT_MS);
        const incidents = store.alertFacts.openIncidents();
        storms = fleetStorms(incidents, stormsAmong(known), now);
        const newest = store.rollouts.newest();
        const halted = newest?.halted;
        const conditions = conditionsOf(
          {
            incidents,
            storms,
            hosts: store.alertFacts.hosts(),
            alarms: store.alertFacts.alarms(ALARM_CODES, now - ALARM_LASTS_MS),
            backups: {
              objectives: store.objectives.alerting(now),
              problems: store.backupTroubles.problems(),
              failedProofs: store.backupTroubles.failedProofs(),
            },
            ownBackup: ownBackup?.(),
            ...(newest !== undefined && halted !== undefined
              ? { halted: { revision: newest.revision, ...halted } }
              : {}),
          },
          now,
        );
        const changed = settleAlerts(known, conditions, now, randomUUID);
        for (const alert of changed) store.alerts.put(alert);
        return changed.length > 0;
      });
    },

    fleetNews() {
      const sickImages = storms
        .flatMap(({ imageIds, hosts }) => imageIds.map((id): [typeof id, number] => [id, hosts.length]))
        .slice(0, MOST_SICK_IMAGES);
      return sickImages.length === 0 ? {} : { sickImages };
    },
  };
}

/** Images of the storms that were there at the last look. */
function stormsAmong(known: readonly { kind: string; subject: string; resolvedAt?: Instant | undefined }[]) {
  const storms = known.filter(({ kind, resolvedAt }) => kind === "fleet-storm" && resolvedAt === undefined);
  return new Set(storms.map(({ subject }) => subject));
}

const LOOK_EVERY_MS = 2 * SECOND_MS;

export interface AlertingDeps {
  readonly alerting: Alerting;
  /** Called after each look: what is there to be told. */
  readonly tell: (now: Instant) => Promise<void>;
  readonly now: Clock;
  readonly log: Logger;
}

export function startAlerting({ alerting, tell, now, log }: AlertingDeps): Service {
  return startLoop({
    name: "alerts",
    log,
    retryMs: 10 * SECOND_MS,
    async turn() {
      alerting.look(now());
      await tell(now());
      return LOOK_EVERY_MS;
    },
  });
}
