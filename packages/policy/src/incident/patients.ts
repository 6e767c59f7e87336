/** Who is sick, read from the verdicts of a round. */
import { SECOND_MS, type Instant } from "@shipkeeper/kit";
import { instantSchema, type Container } from "@shipkeeper/model";
import * as z from "zod";
import type { Verdict } from "../actions/action.ts";
import { failingSince } from "../actions/restart/health-log.ts";
import type { Round } from "../round/round.ts";
import type { World } from "../round/world.ts";

export interface Patient {
  readonly container: Container;
  readonly verdict: Verdict;
  readonly sign: string;
  /** The first failure of its health check where that is the sign, else since when the sign shows. */
  readonly since: Instant;
  /** When a look first showed it. */
  readonly seenAt: Instant;
  readonly policy: string;
  readonly rule: string;
  /** The id of the container that has to be healed first. */
  readonly root?: string | undefined;
  /** One of many on a host that has trouble of its own. */
  readonly inHostStorm: boolean;
  /** Whether it is reason enough for an incident, where there is none yet. */
  readonly beginsIncident: boolean;
}

/** What every reason about a sick container has; one about a well container has no sign. */
const sickReasonSchema = z.looseObject({
  why: z.string(),
  sign: z.string(),
  since: instantSchema,
  root: z.looseObject({ id: z.string() }).optional(),
});

/**
 * What looks sick for a good reason, or while somebody works on it: an incident goes on through it, and none begins.
 * Containers come up with their engine and host, and may say for a while what they said before.
 */
const BEGINS_NONE: ReadonlySet<string> = new Set([
  "start-period",
  "engine-came-up",
  "host-came-up",
  "cannot-see",
  "maintenance",
  "touched",
  "busy",
]);

/** What is over sooner, and no rule took for sickness yet, was none: an engine that goes down ends the checks it runs. */
const GLIMPSE_MS = 3 * SECOND_MS;

/** By container id. Of two rules that speak of one container the first counts that does not leave it alone. */
export function patientsOf(round: Round, { inventory, now }: World): ReadonlyMap<string, Patient> {
  const containers = new Map<string, Container>(inventory.containers.map((one) => [one.id, one]));
  const patients = new Map<string, Patient>();
  for (const { kind, policy, rule, verdicts } of round.planned) {
    if (kind !== "restart") continue;
    for (const verdict of verdicts) {
      const container = containers.get(verdict.target.id);
      const { data: reason } = sickReasonSchema.safeParse(verdict.reason);
      if (container === undefined || reason === undefined) continue;
      const { verdict: earlier } = patients.get(container.id) ?? {};
      if (earlier !== undefined && earlier.decision !== "keep") continue;
      patients.set(container.id, {
        container,
        verdict,
        sign: reason.sign,
        since: Math.min(now, reason.since, onsetOf(container, reason.sign)),
        seenAt: reason.sign === "unhealthy" ? Math.min(now, reason.since) : now,
        policy,
        rule,
        root: reason.why === "dependency" ? reason.root?.id : undefined,
        inHostStorm: reason.why === "host-storm",
        beginsIncident:
          verdict.decision !== "keep" &&
          !BEGINS_NONE.has(reason.why) &&
          (reason.why !== "confirming" || now - reason.since >= GLIMPSE_MS),
      });
    }
  }
  return patients;
}

/** The engine calls a container unhealthy when its last failure of several is told. */
function onsetOf(container: Container, sign: string): Instant {
  return (sign === "unhealthy" ? failingSince(container) : undefined) ?? Number.POSITIVE_INFINITY;
}

/** Left to people: the budget is used up, or it is not for a machine to mend. */
export function isLeftToPeople({ verdict }: Patient): boolean {
  return verdict.decision === "give-up" || verdict.decision === "hand-over";
}
