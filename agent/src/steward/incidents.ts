/**
 * Keeps the host's incidents over rounds and restarts: on disk before they are told, told until they are on their way.
 * What an incident is, `trackIncidents` decides.
 */
import { randomUUID } from "node:crypto";
import { trackIncidents, REOPEN_MS, type Incident, type Round, type World } from "@shipkeeper/policy";
import type { KnownEntry } from "@shipkeeper/protocol";
import type { Incidents } from "../ledger/incidents.ts";

export interface IncidentKeeperOptions {
  readonly incidents: Incidents;
  /** Returns once the entry is on disk. */
  readonly record: (entry: KnownEntry) => void;
}

export function keepIncidents({ incidents, record }: IncidentKeeperOptions) {
  /** Undefined until the first round: what is on disk came from before this start. */
  let known: readonly Incident[] | undefined;
  let mayBeUntold = true;

  return {
    /** Takes in what a continuous round found. Throws where the disk takes nothing; the next call then makes good for it. */
    follow(round: Round, world: World): void {
      const before = known ?? incidents.since(world.now - REOPEN_MS);
      const { changed, ...news } = trackIncidents(before, round, world, randomUUID);
      if (changed.length > 0) {
        incidents.put(changed);
        incidents.forgetBefore(world.now - REOPEN_MS);
        mayBeUntold = true;
      }
      known = news.known;
      for (const incident of changed) if (isNewlyHandedOver(incident, before)) tellGaveUp(incident);
      if (mayBeUntold) tell();
      mayBeUntold = false;
    },
  };

  function tell(): void {
    for (const incident of incidents.untold()) {
      record({ kind: "incident", ...incident });
      incidents.markTold(incident);
    }
  }

  function tellGaveUp({ id, at, container, handedOverWhy = "" }: Incident): void {
    record({
      kind: "event",
      at,
      what: "gave-up",
      ...(container && { subject: { type: "container", id: container.id, name: container.name } }),
      facts: { why: handedOverWhy, incident: id },
    });
  }
}

function isNewlyHandedOver({ id, handedOverAt }: Incident, before: readonly Incident[]): boolean {
  return handedOverAt !== undefined && before.find((one) => one.id === id)?.handedOverAt === undefined;
}
