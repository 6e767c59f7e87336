/** Who is sick, read from the verdicts of a round. */
import type { Instant } from "@shipkeeper/kit";
import { instantSchema, type Container } from "@shipkeeper/model";
import * as z from "zod";
import type { Verdict } from "../actions/action.ts";
import type { Round } from "../round/round.ts";
import type { World } from "../round/world.ts";

export interface Patient {
  readonly container: Container;
  readonly verdict: Verdict;
  readonly sign: string;
  readonly since: Instant;
  readonly policy: string;
  readonly rule: string;
  /** The id of the container that has to be healed first. */
  readonly root?: string | undefined;
  /** One of many on a host that has trouble of its own. */
  readonly inHostStorm: boolean;
}

/** What every reason about a sick container has. */
const sickReasonSchema = z.looseObject({
  why: z.string(),
  sign: z.string().optional(),
  since: instantSchema.optional(),
  root: z.looseObject({ id: z.string() }).optional(),
});

/** By container id. Of two rules that speak of one container the first one counts. */
export function patientsOf(round: Round, { inventory, now }: World): ReadonlyMap<string, Patient> {
  const containers = new Map<string, Container>(inventory.containers.map((one) => [one.id, one]));
  const patients = new Map<string, Patient>();
  for (const { kind, policy, rule, verdicts } of round.planned) {
    if (kind !== "restart") continue;
    for (const verdict of verdicts) {
      const container = containers.get(verdict.target.id);
      if (container === undefined || patients.has(container.id)) continue;
      const reason = sickReasonSchema.safeParse(verdict.reason).data;
      const sign = reason?.sign ?? signOfHealth(container, verdict);
      if (reason === undefined || sign === undefined) continue;
      patients.set(container.id, {
        container,
        verdict,
        sign,
        since: Math.min(now, reason.since ?? container.health.unhealthySince ?? now),
        policy,
        rule,
        root: reason.why === "dependency" ? reason.root?.id : undefined,
        inHostStorm: reason.why === "host-storm",
      });
    }
  }
  return patients;
}

/** A verdict without a sign is about a sick container where its health says so and the rule means it. */
function signOfHealth({ health, state }: Container, { decision }: Verdict): string | undefined {
  return state === "running" && health.status === "unhealthy" && decision !== "keep"
    ? "unhealthy"
    : undefined;
}

/** Left to people: the budget is used up, or it is not for a machine to mend. */
export function isLeftToPeople({ verdict }: Patient): boolean {
  return verdict.decision === "give-up" || verdict.decision === "hand-over";
}
