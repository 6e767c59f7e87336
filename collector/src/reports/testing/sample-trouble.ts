/** Alerts in every state. */
import { HOUR_MS, MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { FleetFacts } from "../fleet-facts.ts";

export function sampleTrouble(now: Instant): Pick<FleetFacts, "alerts"> {
  const alert = {
    kind: "handed-over" as const,
    severity: "high" as const,
    host: "web-1",
    openedAt: now - 2 * HOUR_MS,
    dueAt: now - HOUR_MS,
    overdue: false,
  };
  return {
    alerts: [
      {
        ...alert,
        id: "a1",
        kind: "fleet-storm",
        severity: "critical",
        host: undefined,
        subject: "acme/search:9",
        title: "acme/search:9 is sick on 4 hosts: it is not healed there any more",
        why: "since 2030-01-31 05:50Z on db-1, web-1, web-2, web-3",
        openedAt: now - 5 * MINUTE_MS,
        dueAt: now + 10 * MINUTE_MS,
      },
      {
        ...alert,
        id: "a2",
        subject: "checkout",
        owner: "payments",
        title: "checkout on web-1 is sick, and restarting does not help",
        why: "its health check fails, since 2030-01-31 03:00Z; 5 orders to heal did not last",
        overdue: true,
      },
      {
        ...alert,
        id: "a3",
        kind: "engine-silent",
        subject: "web-2",
        host: "web-2",
        title: "The Docker engine of web-2 does not answer",
        why: "it answered last about 2030-01-31 04:00Z",
        acknowledgedBy: "ada",
        note: "restarting it",
      },
      {
        ...alert,
        id: "a4",
        subject: "cart",
        title: "cart on web-1 is sick, and nothing was done about it",
        why: "its health check fails, since 2030-01-31 01:00Z",
        resolvedAt: now - HOUR_MS,
      },
    ],
  };
}
