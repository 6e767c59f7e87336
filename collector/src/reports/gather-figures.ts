import { days, type Instant } from "@shipkeeper/kit";
import { DEFAULT_TARGET, type AvailabilityOf } from "@shipkeeper/protocol";
import { fleetAvailability } from "../figures/fleet-availability.ts";
import type { FactSource } from "./fact-source.ts";
import { FIGURE_DAYS, type AvailabilityFact, type FleetFacts } from "./fleet-facts.ts";

/** How much everything was up, and what was sick, in the days that the report's figures are of. */
export async function gatherFigures(
  store: FactSource,
  nameOf: ReadonlyMap<string, string>,
  now: Instant,
): Promise<Pick<FleetFacts, "availability" | "incidents">> {
  const window = { from: now - days(FIGURE_DAYS), to: now };
  const factsOf = async (of: AvailabilityOf): Promise<AvailabilityFact[]> => {
    const found = await fleetAvailability(store, { of, window, target: DEFAULT_TARGET });
    return found.map(
      ({ name, hostId = "", owner, upMs, downMs, outages, longestOutageMs, met, service }) => ({
        name: of === "hosts" ? (nameOf.get(hostId) ?? name) : name,
        host: of === "containers" ? nameOf.get(hostId) : undefined,
        owner,
        upMs,
        downMs,
        outages,
        longestOutageMs,
        met,
        isOfService: service !== undefined,
      }),
    );
  };
  return {
    availability: {
      containers: await factsOf("containers"),
      services: await factsOf("services"),
      hosts: await factsOf("hosts"),
    },
    incidents: store.incidents.detectedSince(window.from).flatMap(({ hostId, incident }) => {
      const host = nameOf.get(hostId);
      return host === undefined ? [] : [{ host, incident }];
    }),
  };
}
