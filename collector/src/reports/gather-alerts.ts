import type { Instant } from "@shipkeeper/kit";
import type { FactSource } from "./fact-source.ts";
import type { AlertFact } from "./fleet-facts.ts";

/** More than these say nothing that these do not. */
const MOST_ALERTS = 500;

export async function gatherAlerts(
  { alerts }: FactSource,
  nameOf: ReadonlyMap<string, string>,
  { since, now }: { since: Instant; now: Instant },
): Promise<AlertFact[]> {
  const told = await alerts.since(since, now, MOST_ALERTS);
  return told.map(({ hostId, host, ...alert }) => ({ ...alert, host: nameOf.get(hostId ?? "") ?? host }));
}
