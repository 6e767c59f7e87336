import { HOUR_MS, formatDuration, type Instant } from "@shipkeeper/kit";
import type { NeedsPerson } from "@shipkeeper/protocol";
import type { ContainerFact, FleetFacts, HeldFact } from "./fleet-facts.ts";

/** By then every restart budget has had its chance. */
const SICK_TOO_LONG_MS = HOUR_MS;

/** Containers that Shipkeeper cannot mend: given up on by a rule, or sick for long while no rule tries. */
export function needPerson(facts: FleetFacts, now: Instant): NeedsPerson[] {
  const heldOf = Map.groupBy(facts.held, ({ host, target }) => `${host} ${target.id}`);
  return facts.containers
    .map((container) => ({
      container,
      why: whyPerson(container, heldOf.get(`${container.host} ${container.id}`), now),
    }))
    .filter(({ why }) => why !== undefined)
    .map(({ container: { host, name, owner, unhealthySince }, why = "" }) => ({
      host,
      container: name,
      owner,
      why,
      since: unhealthySince,
    }))
    .sort((a, b) => (a.since ?? now) - (b.since ?? now));
}

function whyPerson(
  container: ContainerFact,
  held: readonly HeldFact[] = [],
  now: Instant,
): string | undefined {
  const givenUp = held.find(({ decision }) => decision === "give-up" || decision === "hand-over");
  if (givenUp !== undefined) return givenUp.words;
  if (container.state === "dead") return "dead: the engine could not remove it";
  const { health, unhealthySince } = container;
  if (health !== "unhealthy" || unhealthySince === undefined) return undefined;
  const sickMs = now - unhealthySince;
  const isCaredFor = held.some(({ action, decision }) => action === "restart" && decision === "wait");
  return sickMs > SICK_TOO_LONG_MS && !isCaredFor ? `unhealthy for ${formatDuration(sickMs)}` : undefined;
}
