/** A month of a small fleet: what was up, and what fell ill. */
import { MINUTE_MS, SECOND_MS, days, type Instant } from "@shipkeeper/kit";
import type { Incident } from "@shipkeeper/policy";
import type { AvailabilityFact, FleetFacts } from "../fleet-facts.ts";

const up = (name: string, downMinutes: number, facts: Partial<AvailabilityFact> = {}): AvailabilityFact => ({
  name,
  upMs: days(30) - downMinutes * MINUTE_MS,
  downMs: downMinutes * MINUTE_MS,
  outages: downMinutes === 0 ? 0 : 1,
  longestOutageMs: downMinutes * MINUTE_MS,
  met: downMinutes <= 43,
  isOfService: false,
  ...facts,
});

function incident(name: string, facts: Partial<Incident>, now: Instant): FleetFacts["incidents"][number] {
  const sickAt = now - days(3);
  return {
    host: "web-1",
    incident: {
      id: `${name} ${facts.ended ?? "open"}`,
      at: now,
      identity: `name:${name}`,
      container: { id: `web-1/${name}`, name, image: `acme/${name}:7`, imageId: `sha256:${name}` },
      sign: "unhealthy",
      cause: "its health check fails",
      sickAt,
      detectedAt: sickAt + 2 * SECOND_MS,
      heals: 0,
      members: [],
      policy: "production",
      rule: "unhealthy",
      ...facts,
    },
  };
}

export function sampleFigures(now: Instant): Pick<FleetFacts, "availability" | "incidents"> {
  const sickAt = now - days(3);
  const healed = {
    ended: "healed",
    firstOrderAt: sickAt + 32 * SECOND_MS,
    healthyAt: sickAt + 45 * SECOND_MS,
    closedAt: sickAt + 45 * SECOND_MS,
    heals: 1,
  } as const;
  const recovered = {
    ended: "recovered",
    healthyAt: sickAt + 20 * SECOND_MS,
    closedAt: sickAt + MINUTE_MS,
  } as const;
  return {
    availability: {
      containers: [
        up("orders-pg", 0, { host: "db-1", owner: "payments" }),
        up("checkout", 320, {
          host: "web-1",
          owner: "payments",
          outages: 2,
          longestOutageMs: 300 * MINUTE_MS,
        }),
        up("shop-front-1", 90, { host: "web-1", owner: "shop", isOfService: true }),
        up("shop-front-2", 0, { host: "web-2", owner: "shop", isOfService: true }),
        up("search", 12, { host: "web-2", owner: "shop" }),
      ],
      services: [up("shop/front", 2, { owner: "shop" })],
      hosts: [up("web-1", 0), up("web-2", 61, { owner: "shop" })],
    },
    incidents: [
      incident("search", { ...recovered, owner: "shop" }, now),
      incident("checkout", { ...healed, owner: "payments" }, now),
      incident(
        "checkout",
        { heals: 5, firstOrderAt: sickAt + 40 * SECOND_MS, handedOverAt: now, owner: "payments" },
        now,
      ),
    ],
  };
}
