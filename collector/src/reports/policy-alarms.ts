/** What people must hear of policies at once: a rollout that was halted, and hosts that were offered what nobody signed. */
import { printable } from "@shipkeeper/kit";
import type { NextThing } from "@shipkeeper/protocol";
import type { FleetFacts, TroubleFact } from "./fleet-facts.ts";

export function haltedRollout({ haltedRollout: halted }: FleetFacts): NextThing[] {
  if (halted === undefined) return [];
  const { revision, by, reasons } = halted;
  return [
    {
      urgency: "now",
      kind: "rollout-halted",
      what: `Mend or roll back policy revision ${revision}: hosts that have it only observe`,
      why: printable(`halted by ${by}: ${reasons.join("; ")}`, 300),
    },
  ];
}

/** Codes of troubles that agents tell, and what each means to people. */
const ALARMS: Readonly<Record<string, { kind: string; what: (host: string) => string }>> = {
  policy_refused: {
    kind: "policy-not-trusted",
    what: (host) => `Find out who offered ${host} a policy that it had to refuse`,
  },
  held_policy_refused: {
    kind: "policy-not-trusted",
    what: (host) => `Find out who changed the policy on the disk of ${host}`,
  },
  round_unsound: {
    kind: "round-unsound",
    what: (host) => `Report that ${host} planned what its policy does not allow; nothing of it was done`,
  },
};

/** The newest of each code and host. */
export function policyAlarms({ troubles }: FleetFacts): NextThing[] {
  const newestFirst = troubles.toSorted((a, b) => b.at - a.at);
  const latest = new Map<string, TroubleFact>();
  for (const trouble of newestFirst) {
    const key = `${trouble.code} ${trouble.host}`;
    if (!latest.has(key)) latest.set(key, trouble);
  }
  return [...latest.values()].flatMap(({ host, code, message }) => {
    const alarm = ALARMS[code];
    if (alarm === undefined) return [];
    const what = alarm.what(printable(host, 60));
    return [{ urgency: "now" as const, kind: alarm.kind, what, why: printable(message, 300), host }];
  });
}
